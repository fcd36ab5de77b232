// SPDX-License-Identifier: Apache-2.0
// Each algorithm in the page against Node's: what one signs the other verifies, and nothing else.
import assert from "node:assert/strict";
import { constants, createHash, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { describe, it } from "node:test";
import type { CcScheme } from "../../attest/cc/crypto.ts";
import type { TpmHash, TpmScheme } from "../../attest/tpm/index.ts";
import { aSigner, flipped } from "../../../test/helpers/signing.ts";
import { webVerifyCrypto } from "./crypto.ts";

const DATA = new TextEncoder().encode("what was signed");
const { verifier, tpm, cc } = webVerifyCrypto;

describe("signatures of tokens and models in a page", () => {
  for (const alg of ["Ed25519", "ES256", "ES384"] as const) {
    it(`verifies ${alg}, and no changed bit of it`, () => {
      const signer = aSigner(alg);
      // ECDSA: both signatures that a key can make of one number are good, so many are tried
      for (let i = 0; i < 8; i++) {
        const signature = signer.sign(DATA);
        assert.equal(verifier.verify(alg, signer.key, DATA, signature), true);
        assert.equal(verifier.verify(alg, signer.key, flipped(DATA, 3), signature), false);
        assert.equal(verifier.verify(alg, signer.key, DATA, flipped(signature, 77 + i)), false);
      }
      assert.equal(verifier.verify(alg, aSigner(alg).key, DATA, signer.sign(DATA)), false);
      assert.equal(verifier.verify(alg, signer.key, DATA, new Uint8Array(0)), false);
    });
  }

  it("verifies no signature of a key of another kind, and none of RSA", () => {
    const [ed, ec, rsa] = [aSigner("Ed25519"), aSigner("ES256"), aSigner("RS256")];
    assert.equal(verifier.verify("ES256", ed.key, DATA, ec.sign(DATA)), false);
    assert.equal(verifier.verify("Ed25519", ec.key, DATA, ed.sign(DATA)), false);
    assert.equal(verifier.verify("RS256", rsa.key, DATA, rsa.sign(DATA)), false);
  });

  it("digests as Node does", () => {
    for (const name of ["sha256", "sha384", "sha512", "sha3-256"] as const) {
      const wanted = new Uint8Array(createHash(name).update(DATA).digest());
      assert.deepEqual(verifier.digest(name, DATA), wanted);
    }
    const sha1 = new Uint8Array(createHash("sha1").update(DATA).digest());
    assert.deepEqual(tpm.digest("sha1", DATA.subarray(0, 4), DATA.subarray(4)), sha1);
  });
});

describe("signatures of TPMs in a page", () => {
  const bytes = (text = ""): Uint8Array => new Uint8Array(Buffer.from(text, "base64url"));

  for (const [curve, hash] of [
    ["P-256", "sha256"],
    ["P-384", "sha384"],
    ["P-521", "sha512"],
    ["P-256", "sha512"],
  ] as const) {
    it(`verifies ECDSA on ${curve} with ${hash}`, async () => {
      const pair = generateKeyPairSync("ec", { namedCurve: curve });
      const { x, y } = pair.publicKey.export({ format: "jwk" });
      const signature = sign(hash, DATA, { key: pair.privateKey, dsaEncoding: "ieee-p1363" });
      const key = { kind: "ecc", curve, x: bytes(x), y: bytes(y) } as const;
      const check = { key, scheme: "ecdsa", hash, data: DATA } as const;
      assert.equal(await tpm.verify({ ...check, signature: new Uint8Array(signature) }), true);
      assert.equal(await tpm.verify({ ...check, signature: flipped(signature, 9) }), false);
    });
  }

  const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const { n } = pair.publicKey.export({ format: "jwk" });
  const key = { kind: "rsa", bits: 2048, modulus: bytes(n), exponent: 65_537 } as const;
  const cases: readonly (readonly [TpmScheme, TpmHash, number | undefined])[] = [
    ["rsassa", "sha256", undefined],
    ["rsapss", "sha256", 32],
    ["rsapss", "sha384", 256 - 48 - 2],
  ];
  for (const [scheme, hash, saltLength] of cases) {
    it(`verifies ${scheme} with ${hash}${saltLength === undefined ? "" : `, ${saltLength} bytes of salt`}`, async () => {
      const padding =
        saltLength === undefined ? constants.RSA_PKCS1_PADDING : constants.RSA_PKCS1_PSS_PADDING;
      const how = {
        key: pair.privateKey,
        padding,
        ...(saltLength !== undefined && { saltLength }),
      };
      const signature = sign(hash, DATA, how);
      const check = { key, scheme, hash, data: DATA };
      assert.equal(await tpm.verify({ ...check, signature: new Uint8Array(signature) }), true);
      assert.equal(await tpm.verify({ ...check, signature: flipped(signature, 9) }), false);
    });
  }

  it("verifies what certificates are signed with", async () => {
    const spki = new Uint8Array(pair.publicKey.export({ format: "der", type: "spki" }));
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const made: readonly (readonly [CcScheme, Buffer])[] = [
      ["rsa-pss-sha384", sign("sha384", DATA, { key: pair.privateKey, padding, saltLength: 48 })],
      ["rsa-sha256", sign("sha256", DATA, pair.privateKey)],
      ["rsa-sha512", sign("sha512", DATA, pair.privateKey)],
    ];
    for (const [scheme, signature] of made) {
      assert.equal(await cc.verify(scheme, spki, DATA, new Uint8Array(signature)), true, scheme);
      assert.equal(await cc.verify(scheme, spki, DATA, flipped(signature, 9)), false, scheme);
    }
    const ec = aSigner("ES384");
    const point = new Uint8Array(
      createPublicKey(ec.publicPem).export({ format: "der", type: "spki" }),
    );
    assert.equal(await cc.verify("ecdsa-p384-sha384", point, DATA, ec.sign(DATA)), true);
    assert.equal(await cc.verify("ecdsa-p256-sha256", point, DATA, ec.sign(DATA)), false);
  });
});
