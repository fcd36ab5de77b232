// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  certificateTable as tableOf,
  type TableEntry as Entry,
} from "../../../test/helpers/certificate-table.ts";
import { certify, party, pem } from "../../../test/helpers/vendor-chains.ts";
import { CcError, type CcErrorCode } from "./errors.ts";
import { snpChain } from "./snp-table.ts";

describe("tables of certificates", () => {
  const one = (name: string): Buffer => {
    const by = party(name, "P-384");
    return certify({ subject: by, issuer: by });
  };
  const entries: readonly Entry[] = [
    ["ark", one("ark")],
    ["other", Buffer.from("a list")],
    ["vcek", one("vcek")],
    ["ask", one("ask")],
  ];
  const table = tableOf(entries);
  const names = (bytes: Uint8Array, signer: "vcek" | "vlek"): readonly string[] =>
    snpChain(bytes, signer).map(({ name }) => name);
  const refused = (run: () => unknown, code: CcErrorCode, message: RegExp): void => {
    assert.throws(run, (error) => {
      assert.ok(error instanceof CcError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    });
  };

  it("give the chain of the key that signed", () => {
    assert.deepEqual(names(table, "vcek"), ["vcek", "ask", "ark"]);
    assert.deepEqual(names(Buffer.concat([table, Buffer.alloc(99)]), "vcek"), [
      "vcek",
      "ask",
      "ark",
    ]);
    const text = tableOf(
      entries.map(([id, raw]) => [id, id === "ask" ? Buffer.from(pem([raw])) : raw]),
    );
    assert.deepEqual(names(text, "vcek"), ["vcek", "ask", "ark"]);
    refused(() => names(table, "vlek"), "BAD_CHAIN", /no entry for VLEK/);
  });

  it("are refused when they are none", () => {
    refused(() => names(table.subarray(0, 20), "vcek"), "TRUNCATED", /ends within its entry/);
    refused(() => names(table.subarray(0, -1), "vcek"), "TRUNCATED", /entry 4 lies beyond/);
    refused(
      () => names(tableOf([...entries, ...entries]), "vcek"),
      "BAD_FORM",
      /entry 5 stands twice/,
    );
    refused(() => names(new Uint8Array(300_000), "vcek"), "TOO_LARGE", /more than 262144/);
    const bundle: readonly Entry[] = entries.map(([id, raw]) => [
      id,
      id === "ask" ? Buffer.from(pem([raw, raw])) : raw,
    ]);
    refused(() => names(tableOf(bundle), "vcek"), "BAD_FORM", /not one certificate/);
  });

  it("read as something or throw their own error, whatever the bytes", () => {
    const edit = fc.tuple(fc.nat({ max: 119 }), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.uint8Array(), fc.array(edit, { maxLength: 4 }), (any, edits) => {
        const edited = Buffer.from(table);
        for (const [at, value] of edits) edited[at] = value;
        for (const bytes of [any, edited]) {
          try {
            snpChain(bytes, "vcek");
          } catch (error) {
            assert.ok(error instanceof CcError, String(error));
          }
        }
      }),
    );
  });
});
