// SPDX-License-Identifier: Apache-2.0
// Rulings between a fleet and its hosts: signed, or not read.
import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { describe, it } from "node:test";
import { nodeVerifier } from "../../../test/helpers/signing.ts";
import { publicKeyOfSpki, type Signer } from "../../attest/keys/keys.ts";
import { readEnvelope, writeEnvelope } from "../../attest/signed/dsse.ts";
import { signedBy } from "../../attest/signed/envelope-signatures.ts";
import { LinkError } from "./errors.ts";
import { openRulings, readVerdictAsk, type Rulings, signRulings } from "./verdict.ts";

function newSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const spki = publicKey.export({ format: "der", type: "spki" });
  const key = publicKeyOfSpki(spki, nodeVerifier, "a key");
  return { key, alg: "Ed25519", sign: (data) => sign(null, data, privateKey) };
}

const A = "a".repeat(64);
const RULINGS: Rulings = {
  v: 1,
  at: 5,
  nonce: "0".repeat(32),
  rulings: [{ model: A, coefficient: A, verdict: "allow", rev: 7, at: 5, by: "eve" }],
};

describe("rulings of a fleet", () => {
  const signer = newSigner();
  const signed = signRulings(RULINGS, signer);
  const opened = (text: string, keys = [signer.key]): Rulings =>
    openRulings(text, keys, nodeVerifier);

  it("come back as they were signed, with any of the fleet's keys", () => {
    assert.deepEqual(opened(signed), RULINGS);
    assert.deepEqual(opened(signed, [newSigner().key, signer.key]), RULINGS);
  });

  it("of somebody else are not read", () => {
    const forged = signRulings(RULINGS, newSigner());
    assert.throws(() => opened(forged), { name: "LinkError", code: "NOT_FOR_US" });
    assert.throws(() => opened(signed, []), { code: "NOT_FOR_US" });
  });

  it("that were changed on the way are not read", () => {
    const envelope = readEnvelope(signed, "x");
    const text = new TextDecoder().decode(envelope.payload).replace('"allow"', '"kill"');
    const changed = { ...envelope, payload: new TextEncoder().encode(text) };
    assert.throws(() => opened(writeEnvelope(changed)), { code: "NOT_FOR_US" });
  });

  it("are nothing else that the fleet has signed", () => {
    const payload = new TextEncoder().encode(JSON.stringify(RULINGS));
    const other = signedBy({ payloadType: "application/x", payload, signatures: [] }, signer);
    assert.throws(() => opened(writeEnvelope(other)), /something else that the fleet has signed/);
  });

  it("with members that nobody knows are refused", () => {
    const odd = signRulings({ ...RULINGS, extra: 1 } as Rulings, signer);
    assert.throws(
      () => opened(odd),
      (error) => error instanceof LinkError,
    );
  });

  it("are asked for about one behaviour, or since a number", () => {
    const bytes = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
    const nonce = "1".repeat(32);
    const question = {
      ...{ v: 1, nonce, model: A, coefficient: A, run: "r1", name: "app", words: "opens x" },
    } as const;
    assert.deepEqual(readVerdictAsk(bytes(question)), question);
    assert.deepEqual(readVerdictAsk(bytes({ v: 1, nonce, since: 3 })), { v: 1, nonce, since: 3 });
    assert.throws(() => readVerdictAsk(bytes({ ...question, since: 3 })), LinkError);
    assert.throws(() => readVerdictAsk(bytes({ ...question, run: "../x" })), LinkError);
  });
});
