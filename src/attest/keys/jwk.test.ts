// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { aSigner, nodeVerifier } from "../../../test/helpers/signing.ts";
import { publicKeyOfJwk, publicKeyOfNumbers } from "./jwk.ts";
import { SignatureError } from "../signed/errors.ts";

const signers = (["Ed25519", "ES256", "ES384", "RS256"] as const).map((alg) => aSigner(alg));
const jwkOf = (pem: string): object => createPublicKey(pem).export({ format: "jwk" });
const read = (jwk: unknown): unknown => publicKeyOfJwk(jwk, nodeVerifier, "k.jwk");
const [ed, ec] = signers.map(({ publicPem }) => jwkOf(publicPem));

describe("a key as JWK", () => {
  it("is the same key as in PEM", () => {
    for (const { key, publicPem } of signers) {
      assert.deepEqual(read({ ...jwkOf(publicPem), use: "enc", alg: "none" }), key);
    }
  });

  for (const [what, jwk, why] of [
    ["private", { ...ed, d: "AA" }, /is private: only the public key/],
    ["symmetric", { kty: "oct", k: "AA" }, /is no JWK that is used here/],
    ["of another curve", { ...ec, crv: "secp256k1" }, /crv has to be P-256 or P-384/],
    ["without a number", { ...ec, y: undefined }, /y is missing/],
    ["with a short number", { ...ec, x: "AAAA" }, /has 3 bytes, wanted are 32/],
    ["with padding", { ...ed, x: "AA==" }, /not base64url/],
    ["too small", { kty: "RSA", n: "_w", e: "AQAB" }, /has 8 bits/],
    ["nothing", null, /is no JWK/],
  ] as const) {
    it(`is refused when it is ${what}`, () => {
      assert.throws(
        () => read(jwk),
        (error) =>
          error instanceof SignatureError && error.code === "BAD_KEY" && why.test(error.message),
      );
    });
  }

  it("is read of any value or refused", () => {
    const text = fc.oneof(fc.base64String(), fc.string(), fc.constant("AQAB"));
    const value = fc.record(
      {
        kty: fc.constantFrom("OKP", "EC", "RSA", "oct"),
        crv: fc.constantFrom("Ed25519", "P-256", "P-384", "X25519"),
        x: text,
        y: text,
        n: text,
        e: text,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(value, fc.jsonValue()), (given) => {
        try {
          read(given);
        } catch (error) {
          assert.ok(error instanceof SignatureError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });

  it("makes no good signature when its point is on no curve", () => {
    const numbers = { kind: "p256", x: new Uint8Array(32), y: new Uint8Array(32) } as const;
    const key = publicKeyOfNumbers(numbers, nodeVerifier, "a key");
    assert.equal(nodeVerifier.verify("ES256", key, new Uint8Array(1), new Uint8Array(64)), false);
  });
});
