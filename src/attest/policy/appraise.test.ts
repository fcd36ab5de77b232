// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { aModel } from "../../../test/helpers/models.ts";
import { aSigner, flipped, nodeVerifier, type TestSigner } from "../../../test/helpers/signing.ts";
import { SHA256, testHasher } from "../../../test/helpers/test-hasher.ts";
import { modelDigest } from "../../model/index.ts";
import type { Envelope } from "../signed/dsse.ts";
import { signedBy } from "../signed/envelope-signatures.ts";
import { envelopeOfModel } from "../signed/statement.ts";
import {
  type Appraisal,
  type Appraising,
  appraiseModel,
  MODEL_REFUSALS,
  type ModelRefusalCode,
  unsignedRefusal,
} from "./appraise.ts";
import { policyOfKeys, type TrustedKey, type TrustPolicy, type TrustRule } from "./trust-policy.ts";

const [a, b, c, stranger] = [
  aSigner("Ed25519"),
  aSigner("ES256"),
  aSigner("Ed25519"),
  aSigner("ES256"),
];
const A = "aa".repeat(32);
const B = "bb".repeat(32);
const NOW = Date.UTC(2026, 5, 1);
const DAY = 86_400_000;
const model = aModel({ name: "shop-web" });
const bare = envelopeOfModel(model, [{ name: "image", digest: { sha256: A } }]);
const by = (...signers: readonly TestSigner[]): Envelope => signers.reduce(signedBy, bare);
const rule = (keys: readonly string[], more: Partial<TrustRule> = {}): TrustRule => ({
  models: ["shop-*"],
  keys,
  threshold: 1,
  subject: false,
  ...more,
});
const trusted = (
  { key }: TestSigner,
  name: string,
  more: Partial<TrustedKey> = {},
): TrustedKey => ({
  name,
  key,
  ...more,
});
const policy: TrustPolicy = {
  keys: [trusted(a, "a"), trusted(b, "b"), trusted(c, "c")],
  rules: [rule(["a", "b"])],
  revokedKeys: new Map(),
  revokedModels: new Map(),
};
const appraise = (
  envelope: Envelope,
  terms: Partial<TrustPolicy> = {},
  asked: Partial<Appraising> = {},
): Appraisal =>
  appraiseModel(envelope, {
    policy: { ...policy, ...terms },
    verifier: nodeVerifier,
    hasher: testHasher,
    now: NOW,
    name: "m.json",
    ...asked,
  });
const codes = (appraisal: Appraisal): readonly ModelRefusalCode[] =>
  appraisal.trusted ? [] : appraisal.refusals.map(({ code }) => code);

describe("a signed model under a trust policy", () => {
  it("is trusted by whose signature and for which digest", () => {
    const appraisal = appraise(by(a));
    assert.ok(appraisal.trusted);
    assert.deepEqual(appraisal.model, model);
    assert.equal(appraisal.digest, modelDigest(model, SHA256));
    assert.deepEqual(
      appraisal.signedBy.map(({ name }) => name),
      ["a"],
    );
    const one = appraise(by(b), {}, { policy: policyOfKeys([b.key]), subject: { sha256: A } });
    assert.ok(one.trusted);
  });

  type Case = readonly [
    what: string,
    envelope: Envelope,
    terms: Partial<TrustPolicy>,
    asked: Partial<Appraising>,
    codes: readonly ModelRefusalCode[],
    why: RegExp,
  ];
  const past = { notAfter: NOW - 1 };
  const cases: readonly Case[] = [
    ["without a signature", bare, {}, {}, ["UNSIGNED"], /no signature/],
    ["by a stranger", by(stranger), {}, {}, ["UNKNOWN_KEY"], new RegExp(stranger.key.id)],
    [
      "by a stranger who does not say so",
      { ...bare, signatures: by(stranger).signatures.map(({ sig }) => ({ sig })) },
      {},
      {},
      ["UNKNOWN_KEY"],
      /not named/,
    ],
    [
      "with a changed payload",
      { ...by(a), payload: flipped(bare.payload, 900) },
      {},
      {},
      ["BAD_SIGNATURE"],
      /signature 1 says that it is of the key a, and is not/,
    ],
    [
      "with the signature of another model",
      {
        ...envelopeOfModel(aModel({ name: "shop-db" }), [{ digest: { sha256: A } }]),
        signatures: by(a).signatures,
      },
      {},
      {},
      ["BAD_SIGNATURE"],
      /the file was changed/,
    ],
    [
      "with one good and one damaged signature",
      { ...by(a), signatures: [...by(a).signatures, { keyid: b.key.id, sig: Uint8Array.of(1) }] },
      {},
      {},
      ["BAD_SIGNATURE"],
      /signature 2/,
    ],
    [
      "by an expired key",
      by(a),
      { keys: [trusted(a, "a", past)] },
      {},
      ["KEY_EXPIRED"],
      /the key a expired at 2026-05-31T23:59:59\.999Z/,
    ],
    [
      "by a key that does not count yet",
      by(a),
      { keys: [trusted(a, "a", { notBefore: NOW + 1 })] },
      {},
      ["KEY_NOT_YET"],
      /counts from 2026-06-01T00:00:00\.001Z on/,
    ],
    [
      "by a revoked key",
      by(a),
      { revokedKeys: new Map([[a.key.id, "lost\nlaptop"]]) },
      {},
      ["KEY_REVOKED"],
      /the key a was revoked: "lost\\nlaptop"/,
    ],
    [
      "by a revoked key and an expired one",
      by(a, b),
      { keys: [trusted(a, "a"), trusted(b, "b", past)], revokedKeys: new Map([[a.key.id, ""]]) },
      {},
      ["KEY_REVOKED", "KEY_EXPIRED"],
      /revoked$/,
    ],
    [
      "that was revoked itself",
      by(a),
      { revokedModels: new Map([[modelDigest(model, SHA256), "too wide"]]) },
      {},
      ["MODEL_REVOKED"],
      /was revoked: "too wide"/,
    ],
    ["by a key for other names", by(c), {}, {}, ["KEY_NOT_FOR_NAME"], /by a, b, not by c/],
    [
      "of a name of which no rule speaks",
      by(a),
      { rules: [rule(["a"], { models: ["till"] })] },
      {},
      ["NO_RULE"],
      /no rule says who may sign a model with the name shop-web/,
    ],
    [
      "by one where two are wanted",
      by(a, c),
      { rules: [rule(["a", "b"], { threshold: 2 })] },
      {},
      ["TOO_FEW"],
      /wants 2 signers and has 1/,
    ],
    [
      "by two of whom one has expired",
      by(a, b),
      {
        keys: [trusted(a, "a"), trusted(b, "b", past)],
        rules: [rule(["a", "b"], { threshold: 2 })],
      },
      {},
      ["TOO_FEW", "KEY_EXPIRED"],
      /wants 2 signers/,
    ],
    [
      "by two keys of one signer",
      by(a, b),
      {
        keys: [trusted(a, "a"), trusted(b, "b", { replaces: "a" }), trusted(c, "c")],
        rules: [rule(["a", "c"], { threshold: 2 })],
      },
      {},
      ["TOO_FEW"],
      /wants 2 signers and has 1/,
    ],
    ["that is another than wanted", by(a), {}, { model: "shop-db" }, ["WRONG_MODEL"], /shop-web/],
    ["for another image", by(a), {}, { subject: { sha256: B } }, ["WRONG_SUBJECT"], new RegExp(B)],
    [
      "for an image that nobody knows",
      by(a),
      { rules: [rule(["a"], { subject: true })] },
      {},
      ["NO_SUBJECT"],
      /not known/,
    ],
    [
      "that is no statement",
      signedBy({ ...bare, payload: new TextEncoder().encode("{}") }, a),
      {},
      {},
      ["BAD_CONTENT"],
      /its signature is good, but m\.json is no statement/,
    ],
    [
      "of another payload type",
      signedBy({ ...bare, payloadType: "text/plain" }, a),
      {},
      {},
      ["BAD_CONTENT"],
      /holds text\/plain/,
    ],
    [
      "for another image and of another name, revoked as well",
      by(a),
      { revokedModels: new Map([[modelDigest(model, SHA256), ""]]) },
      { subject: { sha256: B }, model: "x" },
      ["MODEL_REVOKED", "WRONG_MODEL", "WRONG_SUBJECT"],
      /was revoked$/,
    ],
  ];
  for (const [what, envelope, terms, asked, wanted, why] of cases) {
    it(`is refused ${what}`, () => {
      const appraisal = appraise(envelope, terms, asked);
      assert.deepEqual(codes(appraisal), wanted);
      assert.ok(!appraisal.trusted);
      assert.match(appraisal.refusals[0]?.why ?? "", why);
    });
  }

  it("has a test for every reason", () => {
    const tested = new Set(cases.flatMap(([, , , , wanted]) => wanted));
    assert.deepEqual([...tested].sort(), [...MODEL_REFUSALS].sort());
    assert.equal(unsignedRefusal("m.json").code, "UNSIGNED");
  });

  it("is trusted through a key that replaces one of the rule, from its day on", () => {
    const keys = [
      trusted(a, "a", { notAfter: NOW + DAY }),
      trusted(b, "b", { replaces: "a", notBefore: NOW }),
      trusted(c, "c", { replaces: "b", notBefore: NOW + DAY }),
    ];
    const terms = { keys, rules: [rule(["a"])] };
    const at = (signer: TestSigner, now: number): readonly ModelRefusalCode[] =>
      codes(appraise(by(signer), terms, { now }));
    assert.deepEqual(at(a, NOW - 1), []);
    assert.deepEqual(at(b, NOW - 1), ["KEY_NOT_YET"]);
    assert.deepEqual(at(a, NOW), []);
    assert.deepEqual(at(b, NOW), []);
    assert.deepEqual(at(a, NOW + DAY), []);
    assert.deepEqual(at(a, NOW + DAY + 1), ["KEY_EXPIRED"]);
    assert.deepEqual(at(c, NOW + DAY + 1), []);
    // The other way round it does not hold: who trusts the new key has not said that he trusts the old one.
    assert.deepEqual(codes(appraise(by(a), { keys, rules: [rule(["b"])] })), ["KEY_NOT_FOR_NAME"]);
  });

  it("is trusted when enough signatures count, whatever became of the others", () => {
    const keys = [trusted(a, "a", past), trusted(b, "b")];
    assert.ok(appraise(by(stranger, a, b), { keys }).trusted);
  });

  it("is not looked into before somebody whose key counts has signed it", () => {
    const wrong = { ...bare, payload: new TextEncoder().encode("{") };
    assert.deepEqual(codes(appraise(signedBy(wrong, stranger))), ["UNKNOWN_KEY"]);
    const terms = { keys: [trusted(a, "a", past)] };
    assert.deepEqual(codes(appraise(signedBy(wrong, a), terms)), ["KEY_EXPIRED"]);
  });

  it("is refused with any bit of its envelope turned over", () => {
    const good = by(a);
    const [{ sig, keyid = "" } = assert.fail()] = good.signatures;
    const id = new TextEncoder().encode(keyid);
    const type = new TextEncoder().encode(good.payloadType);
    const text = (bytes: Uint8Array): string => new TextDecoder("latin1" as "utf-8").decode(bytes);
    const bits = fc.nat(bare.payload.length * 8 - 1);
    fc.assert(
      fc.property(bits, (bit) => {
        for (const changed of [
          { ...good, payload: flipped(good.payload, bit) },
          { ...good, payloadType: text(flipped(type, bit)) },
          { ...good, signatures: [{ keyid, sig: flipped(sig, bit) }] },
          { ...good, signatures: [{ keyid: text(flipped(id, bit)), sig }] },
        ]) {
          assert.equal(appraise(changed).trusted, false);
        }
      }),
      { numRuns: 300 },
    );
  });
});
