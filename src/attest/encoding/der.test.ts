// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { der, oid, seq } from "../../../test/helpers/der-writer.ts";
import {
  DER_TAGS,
  DerError,
  type DerErrorCode,
  DerReader,
  derTime,
  oidText,
  onlyValue,
  smallInteger,
} from "./der.ts";
import { derValue } from "./der-write.ts";

const refused = (run: () => unknown, code: DerErrorCode, message: RegExp): void => {
  assert.throws(run, (error) => {
    assert.ok(error instanceof DerError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  });
};

/** Reads all and writes it again. */
function walk(bytes: Uint8Array): Uint8Array {
  const { tag, body } = onlyValue(bytes, "value");
  if (tag !== DER_TAGS.sequence) return derValue(tag, body);
  const parts: Uint8Array[] = [];
  for (const reader = new DerReader(body); !reader.done; )
    parts.push(walk(reader.next("part").raw));
  return derValue(tag, ...parts);
}

describe("DER", () => {
  const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));

  it("has one form only", () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ["308100", /padded length/],
      ["30820010", /padded length/],
      ["3080", /no known form/],
      ["308400000001", /no known form/],
      ["1f8101", /several bytes/],
    ];
    for (const [hex, message] of cases) {
      refused(() => new DerReader(bytes(hex)).next("x"), "BAD_FORM", message);
    }
    refused(() => new DerReader(bytes("0500")).next("x", 0x30), "BAD_FORM", /tag 0x5, not 0x30/);
    assert.equal(new DerReader(seq(Buffer.alloc(300))).next("x").body.length, 300);
  });

  it("names objects as dotted numbers", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 200_000 }), { minLength: 1, maxLength: 6 }), (arcs) => {
        const text = ["1", "2", ...arcs].join(".");
        assert.equal(oidText(oid(text).subarray(2)), text);
      }),
    );
    refused(() => oidText(bytes("2a86")), "BAD_FORM", /does not end/);
    refused(() => oidText(bytes("")), "BAD_FORM", /does not end/);
    refused(() => oidText(bytes("2a8001")), "BAD_FORM", /padded/);
  });

  it("tells times of both forms, and none that never was", () => {
    const at = (tag: number, text: string): number =>
      derTime({ tag, body: new Uint8Array(Buffer.from(text)), raw: new Uint8Array() });
    assert.equal(at(0x17, "491231235959Z"), Date.UTC(2049, 11, 31, 23, 59, 59));
    assert.equal(at(0x17, "500101000000Z"), Date.UTC(1950, 0, 1));
    assert.equal(at(0x18, "20260601000000Z"), Date.UTC(2026, 5, 1));
    for (const text of [
      "20260231000000Z",
      "20261301000000Z",
      "20260101250000Z",
      "20260101000060Z",
    ]) {
      refused(() => at(0x18, text), "BAD_FORM", /never was/);
    }
    refused(() => at(0x18, "20260601000000+0100"), "BAD_FORM", /no known form/);
    refused(() => at(0x02, "1"), "BAD_FORM", /a time that is none/);
  });

  it("has small numbers in one form", () => {
    assert.equal(smallInteger(bytes("00"), "n"), 0);
    assert.equal(smallInteger(bytes("0080"), "n"), 128);
    refused(() => smallInteger(bytes("ff"), "n"), "BAD_FORM", /not a small number/);
    refused(() => smallInteger(bytes("0001"), "n"), "BAD_FORM", /zero too many/);
    refused(() => smallInteger(bytes("01020304050607"), "n"), "BAD_FORM", /not a small number/);
  });

  it("has truths of one form", () => {
    const flag = (hex: string): boolean => new DerReader(bytes(hex)).flag("x");
    assert.deepEqual(["0101ff", "010100", "0500", ""].map(flag), [true, false, false, false]);
    for (const hex of ["010101", "0100", "0102ffff"])
      refused(() => flag(hex), "BAD_FORM", /no truth/);
  });

  it("reads what another writer wrote, value by value, and throws nothing but its own error", () => {
    const tree: fc.Memo<Buffer> = fc.memo((depth) =>
      depth <= 1
        ? fc.uint8Array({ maxLength: 200 }).map((body) => der(4, body))
        : fc.array(tree(depth - 1), { maxLength: 4 }).map((parts) => seq(...parts)),
    );
    fc.assert(
      fc.property(tree(4), fc.nat(), fc.nat(255), (written, at, byte) => {
        assert.deepEqual(walk(written), Uint8Array.from(written));
        const edited = Uint8Array.from(written);
        edited[at % edited.length] = byte;
        try {
          // one form only: what is read is what was written
          assert.deepEqual(walk(edited), edited);
        } catch (error) {
          assert.ok(error instanceof DerError, String(error));
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
