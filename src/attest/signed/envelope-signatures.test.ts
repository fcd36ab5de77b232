// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { sign } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { aSigner, flipped, nodeVerifier } from "../../../test/helpers/signing.ts";
import { type Envelope, readEnvelope, signedBytesOf, writeEnvelope } from "./dsse.ts";
import { rawOfDer } from "../keys/ecdsa-der.ts";
import { checkSignatures, type EnvelopeKey, signedBy } from "./envelope-signatures.ts";
import { MAX_SIGNATURES } from "./limits.ts";

const ed = aSigner("Ed25519");
const ec = aSigner("ES256");
const stranger = aSigner("Ed25519");
const keys: readonly EnvelopeKey[] = [{ key: ed.key }, { key: ec.key }];
const bare: Envelope = {
  payloadType: "text/plain",
  payload: new TextEncoder().encode("hello"),
  signatures: [],
};
const both = signedBy(signedBy(bare, ed), ec);
const found = (envelope: Envelope, of = keys): readonly string[] =>
  checkSignatures(envelope, of, nodeVerifier).map((each) => each.found);
const signature = (at: number): Envelope["signatures"][number] =>
  both.signatures[at] ?? assert.fail("no such signature");

describe("the signatures of an envelope", () => {
  it("are good, each by its key, also after the way through a file", () => {
    const read = readEnvelope(writeEnvelope(both), "x");
    assert.deepEqual(
      checkSignatures(read, keys, nodeVerifier).map(({ place, found, by }) => [place, found, by]),
      [
        [1, "good", keys[0]],
        [2, "good", keys[1]],
      ],
    );
  });

  it("are found without a keyid, and by the other names of a key", () => {
    const named = (keyid: string): Envelope => ({
      ...bare,
      signatures: [{ keyid, sig: signature(1).sig }],
    });
    assert.deepEqual(found({ ...bare, signatures: [{ sig: signature(1).sig }] }), ["good"]);
    const base64 = Buffer.from(ec.key.id, "hex").toString("base64");
    assert.deepEqual(found(named(base64)), ["good"]);
    assert.deepEqual(found(named("mine")), ["unknown"]);
    assert.deepEqual(found(named("mine"), [{ key: ec.key, keyids: ["mine"] }]), ["good"]);
  });

  it("are unknown when by somebody else, bad when they claim a key they are not of", () => {
    const foreign = signedBy(bare, stranger);
    assert.deepEqual(found(foreign), ["unknown"]);
    const [{ sig } = assert.fail()] = foreign.signatures;
    assert.deepEqual(found({ ...bare, signatures: [{ keyid: ed.key.id, sig }] }), ["bad"]);
    assert.deepEqual(found({ ...bare, signatures: [{ sig }] }), ["unknown"]);
  });

  it("do not hold for another payload, another type, or with any bit turned over", () => {
    const size = (at: number): number => signature(at).sig.length * 8;
    for (const at of [0, 1]) {
      fc.assert(
        fc.property(fc.nat(size(at) - 1), (bit) => {
          const changed = { ...signature(at), sig: flipped(signature(at).sig, bit) };
          assert.deepEqual(found({ ...both, signatures: [changed] }), ["bad"]);
        }),
        { numRuns: 100 },
      );
    }
    fc.assert(
      fc.property(fc.nat(bare.payload.length * 8 - 1), (bit) => {
        const payload = flipped(bare.payload, bit);
        assert.deepEqual(found({ ...both, payload }), ["bad", "bad"]);
      }),
    );
    assert.deepEqual(found({ ...both, payloadType: "text/plaim" }), ["bad", "bad"]);
    assert.deepEqual(found({ ...both, payloadType: "text/plain 5 hello" }), ["bad", "bad"]);
  });

  it("with any bit of the keyid turned over are nobody's", () => {
    fc.assert(
      fc.property(fc.nat(64 * 7 - 1), (bit) => {
        const at = Math.floor(bit / 7);
        const code = ed.key.id.charCodeAt(at) ^ (1 << (bit % 7));
        const keyid = ed.key.id.slice(0, at) + String.fromCharCode(code) + ed.key.id.slice(at + 1);
        const changed = { ...both, signatures: [{ ...signature(0), keyid }] };
        assert.deepEqual(found(changed), ["unknown"]);
      }),
    );
  });

  it("of one algorithm are never taken for another's", () => {
    const data = signedBytesOf(bare);
    const raw = rawOfDer(signature(1).sig, 32);
    const p384 = aSigner("ES384");
    const rsa = aSigner("RS256");
    const all = [...keys, { key: p384.key }, { key: rsa.key }];
    for (const sig of [
      raw,
      signature(1).sig.subarray(0, 64),
      sign("sha384", data, ec.secret),
      p384.sign(data),
      rsa.sign(data),
      new Uint8Array(64),
    ]) {
      assert.deepEqual(found({ ...bare, signatures: [{ sig }] }, all), ["unknown"]);
      for (const { key } of all) {
        assert.deepEqual(found({ ...bare, signatures: [{ keyid: key.id, sig }] }, all), ["bad"]);
      }
    }
  });

  it("are not made with keys that sign no models, nor more than an envelope holds", () => {
    for (const alg of ["ES384", "RS256"] as const) {
      assert.throws(() => signedBy(bare, aSigner(alg)), { code: "BAD_KEY" });
    }
    assert.throws(() => signedBy(bare, { ...ed, alg: "ES256" }), { code: "BAD_KEY" });
    const full = { ...bare, signatures: new Array(MAX_SIGNATURES).fill(signature(1)) };
    assert.throws(() => signedBy(full, ed), { code: "BAD_ENVELOPE" });
  });

  it("are replaced when a key signs again", () => {
    const again = signedBy(both, ed);
    assert.deepEqual(found(again), ["good", "good"]);
    assert.equal(again.signatures.length, 2);
  });
});
