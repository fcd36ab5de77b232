// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { nodeTpmCrypto as crypto } from "../../../test/helpers/tpm-parts.ts";
import { bytesToHex, hexToBytes } from "../../base/hex.ts";
import { TpmFormatError } from "./errors.ts";
import {
  aggregateOf,
  encodeSelection,
  fitToBank,
  pcrDigest,
  readSelections,
  replayPcr,
} from "./pcr.ts";
import { TpmReader } from "./wire.ts";

const read = (bytes: Uint8Array): ReturnType<typeof readSelections> => {
  const reader = new TpmReader(bytes, "selection");
  const selections = readSelections(reader);
  reader.end();
  return selections;
};
const bytesOf = (byte: number, size = 32): Uint8Array => new Uint8Array(size).fill(byte);

describe("a selection of PCRs", () => {
  it("has a bit for each", () => {
    assert.equal(
      bytesToHex(encodeSelection({ hash: "sha256", pcrs: [11, 0, 23] })),
      "00000001" + "000b" + "03" + "010880",
    );
  });

  it("is read as it was written, ascending and each once", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("sha1" as const, "sha256" as const, "sha384" as const),
        fc.array(fc.nat({ max: 23 }), { minLength: 1 }),
        (hash, pcrs) => {
          const ascending = [...new Set(pcrs)].sort((a, b) => a - b);
          assert.deepEqual(read(encodeSelection({ hash, pcrs })), [{ hash, pcrs: ascending }]);
        },
      ),
    );
  });

  it("leaves out banks of which nothing is selected, whatever they are", () => {
    assert.deepEqual(read(hexToBytes("00000002ffff03000000000b03000800")), [
      { hash: "sha256", pcrs: [11] },
    ]);
  });

  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ["of too many banks", "00000011", /number of PCR banks is 17, above 16/],
    ["with a long bitmap", "00000001000b050000000000", /PCR bitmap has 5 bytes/],
    ["of an unknown bank", "00000001ffff03010000", /hash algorithm 0xffff/],
    ["that ends early", "00000001000b0300", /ends within PCR bitmap/],
  ];
  for (const [what, hex, message] of wrong)
    it(`${what} is refused`, () => assert.throws(() => read(hexToBytes(hex)), message));

  it("of a PCR that there is not is refused", () => {
    for (const pcr of [-1, 24, 1.5])
      assert.throws(() => encodeSelection({ hash: "sha256", pcrs: [pcr] }), TpmFormatError);
  });
});

describe("the value of a PCR", () => {
  it("follows from what was extended, and the order of that", () => {
    const twice = replayPcr("sha256", [bytesOf(1), bytesOf(2)], crypto);
    const once = crypto.digest("sha256", bytesOf(0), bytesOf(1));
    assert.deepEqual(twice, crypto.digest("sha256", once, bytesOf(2)));
    assert.deepEqual(replayPcr("sha256", [bytesOf(2)], crypto, once), twice);
    assert.deepEqual(replayPcr("sha256", [], crypto), bytesOf(0));
    assert.throws(
      () => replayPcr("sha256", [], crypto, bytesOf(0, 20)),
      /the value to start from has 20/,
    );
  });

  it("takes digests of other lengths as TSEM kernels do", () => {
    assert.deepEqual(fitToBank(bytesOf(7), "sha1"), bytesOf(7, 20));
    assert.deepEqual(fitToBank(bytesOf(7, 2), "sha1"), Uint8Array.of(7, 7, ...bytesOf(0, 18)));
    assert.deepEqual(fitToBank(bytesOf(7, 64), "sha256"), bytesOf(7));
  });
});

describe("the digest of PCRs", () => {
  const values = new Map([9, 7, 6, 5, 4, 3, 2, 1, 0].map((pcr) => [pcr, bytesOf(pcr)]));

  it("is over their values, ascending", () => {
    const bank = {
      hash: "sha256",
      values: new Map([
        [5, bytesOf(5)],
        [2, bytesOf(2)],
      ]),
    } as const;
    assert.deepEqual(
      pcrDigest(bank, "sha384", crypto),
      crypto.digest("sha384", bytesOf(2), bytesOf(5)),
    );
  });

  it("as the platform's aggregate is over PCR 0 to 7 alone, and needs all of them", () => {
    const joined = [0, 1, 2, 3, 4, 5, 6, 7].map((pcr) => bytesOf(pcr));
    const wanted = crypto.digest("sha256", ...joined);
    assert.deepEqual(aggregateOf({ hash: "sha256", values }, "sha256", crypto), wanted);
    values.delete(3);
    assert.throws(
      () => aggregateOf({ hash: "sha256", values }, "sha256", crypto),
      /the value of PCR 3 of bank sha256 is missing/,
    );
  });
});
