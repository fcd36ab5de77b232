// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { sign } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { aSigner } from "../../../test/helpers/signing.ts";
import { hexToBytes } from "../../base/hex.ts";
import { derOfRaw, rawOfDer } from "./ecdsa-der.ts";
import { SignatureError } from "../signed/errors.ts";

const P256 = 32;
const refused = { name: "SignatureError", code: "BAD_SIGNATURE_FORM" };

describe("an ECDSA signature in DER", () => {
  it("is the one that node:crypto makes of the same numbers", () => {
    const { secret } = aSigner("ES256");
    for (let n = 0; n < 50; n++) {
      const der = sign("sha256", Uint8Array.of(n), secret);
      const raw = rawOfDer(der, P256);
      assert.equal(raw.length, 64);
      assert.deepEqual(derOfRaw(raw), Uint8Array.from(der));
    }
  });

  it("goes there and back for all numbers, also short ones", () => {
    const half = fc
      .uint8Array({ minLength: P256, maxLength: P256 })
      .chain((bytes) => fc.nat(31).map((zeros) => bytes.map((byte, i) => (i < zeros ? 0 : byte))))
      .filter((bytes) => bytes.some((byte) => byte !== 0));
    fc.assert(
      fc.property(half, half, (r, s) => {
        const raw = Uint8Array.from([...r, ...s]);
        assert.deepEqual(rawOfDer(derOfRaw(raw), P256), raw);
      }),
    );
  });

  it("has one form only: whatever is read is written the same", () => {
    const near = fc
      .tuple(fc.uint8Array({ minLength: 64, maxLength: 64 }), fc.nat(), fc.nat(255))
      .map(([raw, at, byte]) => {
        const der = derOfRaw(raw);
        der[at % Math.min(der.length, 8)] = byte;
        return der;
      });
    fc.assert(
      fc.property(fc.oneof(near, fc.uint8Array({ maxLength: 80 })), (der) => {
        let raw: Uint8Array;
        try {
          raw = rawOfDer(der, P256);
        } catch (error) {
          assert.ok(error instanceof SignatureError);
          return;
        }
        assert.deepEqual(derOfRaw(raw), der);
      }),
      { numRuns: 2_000 },
    );
  });

  for (const [what, hex] of [
    ["nothing", ""],
    ["a zero as number", "3006020100020101"],
    ["a negative number", "3006020180020101"],
    ["an empty number", "30050200020101"],
    ["a number with a zero too many", "300702020001020101"],
    ["a length in a longer form", "308106020101020101"],
    ["a length without end", "3080020101020101"],
    ["something after it", "300602010102010100"],
    ["something after the numbers", "3009020101020101020101"],
    ["one number", "3003020101"],
    ["a cut end", "30060201010201"],
    ["other tags", "3106020101020101"],
    ["a number of another curve", `3026022101${"00".repeat(32)}020101`],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => rawOfDer(hexToBytes(hex), P256), refused);
    });
  }
});
