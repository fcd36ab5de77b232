// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { aSigner, flipped, nodeVerifier } from "../../../test/helpers/signing.ts";
import { algsOf, publicKeyOfPem, publicKeyOfSpki, refuseAlg, SIGNATURE_ALGS } from "./keys.ts";
import { SignatureError } from "../signed/errors.ts";

const signers = SIGNATURE_ALGS.map((alg) => aSigner(alg));
const read = (pem: string): unknown => publicKeyOfPem(pem, nodeVerifier, "a.pem");

describe("a public key", () => {
  it("is known by its kind, its size and the digest of its DER", () => {
    const facts = signers.map(({ key }) => [key.kind, key.bits]);
    assert.deepEqual(facts, [
      ["ed25519", 256],
      ["p256", 256],
      ["p384", 384],
      ["rsa", 2048],
      ["rsa", 2048],
      ["rsa", 2048],
    ]);
    for (const { key, publicPem } of signers) {
      assert.equal(key.id, createHash("sha256").update(key.spki).digest("hex"));
      assert.equal(publicKeyOfPem(publicPem, nodeVerifier, "a.pem").id, key.id);
      assert.equal(publicKeyOfPem(publicPem.replace(/\n/g, "\r\n"), nodeVerifier, "x").id, key.id);
    }
  });

  it("makes good signatures with its own algorithm and with no other", () => {
    const data = new TextEncoder().encode("signed");
    for (const signer of signers) {
      const signature = signer.sign(data);
      const good = SIGNATURE_ALGS.filter((alg) =>
        nodeVerifier.verify(alg, signer.key, data, signature),
      );
      assert.deepEqual(good, [signer.alg]);
      const others = signers.filter(({ key }) =>
        nodeVerifier.verify(signer.alg, key, data, signature),
      );
      assert.deepEqual(others, [signer]);
    }
  });

  it("is refused for an algorithm that is not its own, whatever it is called", () => {
    const names = [...SIGNATURE_ALGS, "none", "HS256", "ed25519", "", "__proto__"];
    for (const { key } of signers) {
      const allowed = names.filter((alg) => {
        try {
          refuseAlg(alg, key);
          return true;
        } catch (error) {
          assert.ok(error instanceof SignatureError && error.code === "BAD_KEY");
          return false;
        }
      });
      assert.deepEqual(allowed, algsOf(key.kind));
    }
  });

  it("makes no good signature of anything else, and does not fail either", () => {
    const data = new TextEncoder().encode("signed");
    for (const { key, alg } of signers) {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), (signature) => {
          assert.equal(nodeVerifier.verify(alg, key, data, signature), false);
        }),
        { numRuns: 50 },
      );
    }
  });

  it("is refused when weak or of a kind that is not used", () => {
    const der = ({ publicKey }: { readonly publicKey: KeyObject }): Uint8Array =>
      publicKey.export({ format: "der", type: "spki" });
    const cases: readonly (readonly [Uint8Array, RegExp])[] = [
      [der(generateKeyPairSync("rsa", { modulusLength: 1024 })), /has 1024 bits/],
      [der(generateKeyPairSync("ed448")), /of a kind that is not used/],
      [der(generateKeyPairSync("x25519")), /of a kind that is not used/],
      [der(generateKeyPairSync("ec", { namedCurve: "secp256k1" })), /of a curve that is not used/],
      [new Uint8Array(0), /is not DER/],
      [new Uint8Array(10_000), /has 10000 bytes/],
    ];
    for (const [spki, why] of cases) {
      assert.throws(
        () => publicKeyOfSpki(spki, nodeVerifier, "a.der"),
        (error) =>
          error instanceof SignatureError &&
          error.code === "BAD_KEY" &&
          error.message.startsWith("a.der: the key ") &&
          why.test(error.message),
      );
    }
  });

  it("is read of any bytes or refused, and a flipped bit makes another key", () => {
    for (const { key } of signers.slice(0, 4)) {
      fc.assert(
        fc.property(fc.nat(key.spki.length * 8 - 1), (bit) => {
          try {
            const other = publicKeyOfSpki(flipped(key.spki, bit), nodeVerifier, "a.der");
            assert.notEqual(other.id, key.id);
            nodeVerifier.verify(algsOf(other.kind)[0] ?? "ES256", other, key.spki, key.spki);
          } catch (error) {
            assert.ok(error instanceof SignatureError, String(error));
          }
        }),
        { numRuns: 200 },
      );
    }
  });

  it("is not read from other PEM texts", () => {
    const [{ publicPem, privatePem } = aSigner()] = signers;
    assert.throws(() => read(privatePem), /it is private/);
    assert.throws(() => read(publicPem + publicPem), /not the PEM text of one public key/);
    assert.throws(() => read(`words\n${publicPem}`), /not the PEM text/);
    assert.throws(() => read(publicPem.replace("M", "=")), /damaged/);
    assert.throws(() => read("A".repeat(100_000)), { code: "BAD_KEY" });
    assert.throws(() => read(""), { code: "BAD_KEY" });
  });
});
