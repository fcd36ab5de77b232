// SPDX-License-Identifier: Apache-2.0
// What keys are taken, and what is refused of them; that a TPM opens what is made here is tested in test/system/tpm.test.ts.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import {
  attestationTemplate,
  endorsementTemplate,
  nodeTpmCrypto as crypto,
} from "../../../test/helpers/tpm-parts.ts";
import { ALG, ATTRIBUTE } from "./algorithms-table.ts";
import { challengeFor, makeCredential } from "./credential.ts";
import { TpmFormatError } from "./errors.ts";
import { jwkOf } from "./jwk.ts";
import { isAttestationKey, isEndorsementKey, parsePublic } from "./public-area.ts";
import { TpmWriter } from "./wire.ts";

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ format: "jwk" });
const bytes = (text: string | undefined): Uint8Array =>
  new Uint8Array(Buffer.from(text ?? "", "base64url"));
/** A template with a key in it: what a TPM gives. */
const filledEcc = (template: Uint8Array, unique: number): Uint8Array =>
  new TpmWriter()
    .raw(template.subarray(0, template.length - unique))
    .sized(bytes(ec.x))
    .sized(bytes(ec.y))
    .bytes();
const EK = filledEcc(endorsementTemplate("ecc"), 68);
const AK = filledEcc(attestationTemplate("ecc"), 4);
const EK_RSA = new TpmWriter()
  .raw(endorsementTemplate("rsa").subarray(0, -258))
  .sized(bytes(rsa.n))
  .bytes();
const withAttributes = (area: Uint8Array, attributes: number): Uint8Array =>
  new TpmWriter().raw(area.subarray(0, 4)).u32(attributes).raw(area.subarray(8)).bytes();
const changed = (area: Uint8Array, at: number, value: number): Uint8Array =>
  new TpmWriter()
    .raw(area.subarray(0, at))
    .u16(value)
    .raw(area.subarray(at + 2))
    .bytes();

describe("a public area", () => {
  it("says what its key is for", () => {
    const ek = parsePublic(EK);
    const ak = parsePublic(AK);
    assert.deepEqual([isEndorsementKey(ek), isAttestationKey(ek)], [true, false]);
    assert.deepEqual([isEndorsementKey(ak), isAttestationKey(ak)], [false, true]);
    assert.deepEqual([ek.symmetricBits, ek.signing], [128, undefined]);
    assert.deepEqual(ak.signing, { scheme: "ecdsa", hash: "sha256" });
  });

  it("has its key as others know it", () => {
    assert.deepEqual(jwkOf(parsePublic(AK).key), { kty: "EC", crv: "P-256", x: ec.x, y: ec.y });
    assert.deepEqual(jwkOf(parsePublic(EK_RSA).key), { kty: "RSA", n: rsa.n, e: "AQAB" });
  });

  const policyEnd = 10 + 32;
  const wrong: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ["of a secret", changed(AK, 0, ALG.keyedHash), /type 0x8, neither an RSA nor an ECC key/],
    ["with an unknown hash", changed(AK, 2, 0x12), /hash algorithm 0x12/],
    ["on an unknown curve", changed(AK, 16, 0x10), /curve 0x10/],
    ["with a cipher that is not AES", changed(EK, policyEnd, 0x26), /not AES in CFB mode/],
    [
      "with an even exponent",
      new TpmWriter().raw(EK_RSA.subarray(0, 52)).u32(4).raw(EK_RSA.subarray(56)).bytes(),
      /exponent is not one of RSA/,
    ],
    [
      "with a modulus that is too short",
      changed(EK_RSA, 50, 3072),
      /does not fit a key of 3072 bits/,
    ],
    ["with a modulus that begins with zeros", changed(EK_RSA, 58, 0x00ff), /shorter than it says/],
  ];
  for (const [what, area, message] of wrong)
    it(`${what} is refused`, () => assert.throws(() => parsePublic(area), message));
});

describe("a challenge", () => {
  const ek = parsePublic(EK);
  const ak = parsePublic(AK);

  it("is another one each time", () => {
    const first = challengeFor(ek, ak, crypto);
    const second = challengeFor(ek, ak, crypto);
    assert.notDeepEqual(first.answer, second.answer);
    assert.notDeepEqual(first.blob, second.blob);
  });

  it("is only made for keys that can not leave their TPM", () => {
    const signer = parsePublic(withAttributes(AK, ak.attributes & ~ATTRIBUTE.restricted));
    assert.throws(() => challengeFor(ek, signer, crypto), /not a restricted signing key/);
    const movable = parsePublic(withAttributes(EK, ek.attributes & ~ATTRIBUTE.fixedTpm));
    assert.throws(() => challengeFor(movable, ak, crypto), /not a restricted decryption key/);
    assert.throws(() => challengeFor(ak, ak, crypto), { code: "WRONG_KIND" });
  });

  it("holds no more than a digest", () => {
    assert.throws(
      () => makeCredential(ek, new Uint8Array(34), new Uint8Array(33), crypto),
      TpmFormatError,
    );
    for (const key of [ek, parsePublic(EK_RSA)])
      assert.equal(
        makeCredential(key, new Uint8Array(34), new Uint8Array(32), crypto).blob.length,
        68,
      );
  });
});
