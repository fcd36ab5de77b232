// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { aSigner, nodeVerifier } from "../../../test/helpers/signing.ts";
import { SignatureError, type SignatureErrorCode } from "../signed/errors.ts";
import { MAX_POLICY_CHARS } from "../signed/limits.ts";
import { readTrustPolicy } from "./trust-file.ts";
import { fits, policyOfKeys, ruleFor, type TrustPolicy } from "./trust-policy.ts";

const [a, b, c] = [aSigner("Ed25519"), aSigner("ES256"), aSigner("Ed25519")];
const read = (value: unknown): TrustPolicy =>
  readTrustPolicy(JSON.stringify(value), "trust.json", nodeVerifier);
const keyA = { name: "a", publicKey: a.publicPem };
const keyB = { name: "b", publicKey: b.publicPem };
const whole = {
  apiVersion: "galgo.dev/v1",
  kind: "TrustPolicy",
  keys: [keyA, keyB],
  rules: [{ models: ["shop-*"], keys: ["a"] }],
};

function refusal(value: unknown): SignatureError {
  try {
    read(value);
  } catch (error) {
    assert.ok(error instanceof SignatureError, String(error));
    assert.match(error.message, /^trust\.json/);
    return error;
  }
  return assert.fail("was not refused");
}

describe("a trust policy", () => {
  it("is read with all that it says", () => {
    const policy = read({
      ...whole,
      keys: [
        { ...keyA, notBefore: "2026-01-01T00:00:00Z", notAfter: "2026-12-31T23:59:59.5Z" },
        { ...keyB, replaces: "a", keyids: ["old id"] },
      ],
      rules: [{ models: ["x"], keys: ["a"], threshold: 1, subject: "required" }],
      revoked: {
        keys: [{ id: c.key.id, why: "lost" }],
        models: [{ digest: "aa".repeat(32) }],
      },
    });
    assert.deepEqual(policy, {
      keys: [
        {
          name: "a",
          key: a.key,
          notBefore: Date.UTC(2026, 0, 1),
          notAfter: Date.UTC(2026, 11, 31, 23, 59, 59, 500),
        },
        { name: "b", key: b.key, replaces: "a", keyids: ["old id"] },
      ],
      rules: [{ models: ["x"], keys: ["a"], threshold: 1, subject: true }],
      revokedKeys: new Map([[c.key.id, "lost"]]),
      revokedModels: new Map([["aa".repeat(32), ""]]),
    });
  });

  const faults: readonly (readonly [string, object, SignatureErrorCode, RegExp])[] = [
    ["an unknown member", { trust: 1 }, "BAD_POLICY", /trust is not known/],
    ["no keys", { keys: [] }, "BAD_POLICY", /keys has to have at least 1/],
    ["no rules", { rules: [] }, "BAD_POLICY", /rules has to have at least 1/],
    ["another kind", { kind: "Policy" }, "BAD_POLICY", /kind has to be TrustPolicy/],
    ["a key twice", { keys: [keyA, { ...keyB, name: "a" }] }, "BAD_POLICY", /the key a twice/],
    [
      "a key under two names",
      { keys: [keyA, { ...keyA, name: "b" }] },
      "BAD_POLICY",
      /the key a again under the name b/,
    ],
    [
      "a keyid of two keys",
      { keys: [{ ...keyA, keyids: [b.key.id] }, keyB] },
      "BAD_POLICY",
      /shares a keyid with b/,
    ],
    [
      "a private key",
      { keys: [{ ...keyA, publicKey: a.privatePem }] },
      "BAD_KEY",
      /key a is not the PEM text of one public key .*it is private/,
    ],
    [
      "a date that is none",
      { keys: [{ ...keyA, notAfter: "2026-13-01T00:00:00Z" }] },
      "BAD_POLICY",
      /keys\.0\.notAfter has to be a time like/,
    ],
    [
      "a time without a zone",
      { keys: [{ ...keyA, notAfter: "2026-12-01T00:00:00" }] },
      "BAD_POLICY",
      /has to be a time like/,
    ],
    [
      "a day that is in no calendar",
      { keys: [{ ...keyA, notAfter: "2026-02-30T00:00:00Z" }] },
      "BAD_POLICY",
      /has to be a time like/,
    ],
    [
      "an end before its beginning",
      { keys: [{ ...keyA, notBefore: "2027-01-01T00:00:00Z", notAfter: "2026-01-01T00:00:00Z" }] },
      "BAD_POLICY",
      /ends before it begins/,
    ],
    [
      "a key in place of one that is not there",
      { keys: [{ ...keyA, replaces: "z" }] },
      "BAD_POLICY",
      /replaces z, and there is no such key/,
    ],
    [
      "keys that replace each other",
      {
        keys: [
          { ...keyA, replaces: "b" },
          { ...keyB, replaces: "a" },
        ],
      },
      "BAD_POLICY",
      /replaces itself in the end/,
    ],
    [
      "a rule with an unknown key",
      { rules: [{ models: ["*"], keys: ["z"] }] },
      "BAD_POLICY",
      /rule 1 with the key z that it lacks/,
    ],
    [
      "a rule that nobody can keep",
      { rules: [{ models: ["*"], keys: ["a"], threshold: 2 }] },
      "BAD_POLICY",
      /wants 2 signers and has 1/,
    ],
    [
      "a rule whose two keys are one signer",
      {
        keys: [keyA, { ...keyB, replaces: "a" }],
        rules: [{ models: ["*"], keys: ["a", "b"], threshold: 2 }],
      },
      "BAD_POLICY",
      /wants 2 signers and has 1/,
    ],
    [
      "a threshold of none",
      { rules: [{ models: ["*"], keys: ["a"], threshold: 0 }] },
      "BAD_POLICY",
      /threshold has to have at least 1/,
    ],
    [
      "a revoked key that is no digest",
      { revoked: { keys: [{ id: "a" }] } },
      "BAD_POLICY",
      /has to be a SHA-256 digest/,
    ],
  ];
  for (const [what, change, code, why] of faults) {
    it(`is refused with ${what}`, () => {
      const error = refusal({ ...whole, ...change });
      assert.equal(error.code, code);
      assert.match(error.message, why);
    });
  }

  it("is refused with a key of a kind that signs no models", () => {
    for (const alg of ["ES384", "RS256"] as const) {
      const error = refusal({ ...whole, keys: [{ ...keyA, publicKey: aSigner(alg).publicPem }] });
      assert.equal(error.code, "BAD_KEY");
      assert.match(error.message, /key a is the .*Ed25519 and ECDSA P-256 keys only/);
    }
  });

  it("is refused when it is no JSON, ambiguous or too large", () => {
    const of = (text: string) => () => readTrustPolicy(text, "trust.json", nodeVerifier);
    assert.throws(of("keys:"), { code: "BAD_JSON" });
    assert.throws(of('{"rules":[],"rules":[]}'), /rules twice/);
    assert.throws(of(" ".repeat(MAX_POLICY_CHARS + 1)), { code: "TOO_LARGE" });
  });

  it("is read of any value or refused", () => {
    const name = fc.constantFrom("a", "b", "c", "*");
    const value = fc.record({
      apiVersion: fc.constant(whole.apiVersion),
      kind: fc.constant(whole.kind),
      keys: fc.array(
        fc.record(
          {
            name,
            publicKey: fc.constantFrom(a.publicPem, b.publicPem, c.publicPem),
            replaces: name,
          },
          { requiredKeys: ["name", "publicKey"] },
        ),
        { maxLength: 4 },
      ),
      rules: fc.array(
        fc.record(
          {
            models: fc.array(name, { maxLength: 2 }),
            keys: fc.array(name, { maxLength: 3 }),
            threshold: fc.nat(3),
          },
          { requiredKeys: ["models", "keys"] },
        ),
        { maxLength: 2 },
      ),
    });
    fc.assert(
      fc.property(value, (given) => {
        try {
          assert.equal(read(given).keys.length, given.keys.length);
        } catch (error) {
          assert.ok(error instanceof SignatureError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("a rule of a trust policy", () => {
  it("fits names as its stars say", () => {
    for (const [pattern, name, answer] of [
      ["shop", "shop", true],
      ["shop", "shop-1", false],
      ["shop-*", "shop-", true],
      ["*-db", "a-db-db", true],
      ["a*b*c", "aXbYbZc", true],
      ["a*b*c", "acb", false],
      ["*", "", true],
      ["**", "x", true],
      ["", "x", false],
      [".", "x", false],
    ] as const) {
      assert.equal(fits(pattern, name), answer, `${pattern} ${name}`);
    }
  });

  it("fits as a regular expression does, and in time", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8 });
    const name = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 10 });
    fc.assert(
      fc.property(word, name, (pattern, text) => {
        const expected = new RegExp(`^${pattern.replace(/\*+/g, ".*")}$`).test(text);
        assert.equal(fits(pattern, text), expected);
      }),
      { numRuns: 1_000 },
    );
    assert.equal(fits("*a".repeat(32), `${"a".repeat(2_000)}b`), false);
  });

  it("is the first that fits", () => {
    const rules = [
      { models: ["shop-db"], keys: ["b"] },
      { models: ["shop-*", "till"], keys: ["a"] },
    ];
    const policy = read({ ...whole, rules });
    assert.deepEqual(ruleFor(policy, "shop-db")?.keys, ["b"]);
    assert.deepEqual(ruleFor(policy, "shop-web")?.keys, ["a"]);
    assert.deepEqual(ruleFor(policy, "till")?.keys, ["a"]);
    assert.equal(ruleFor(policy, "other"), undefined);
    assert.deepEqual(ruleFor(policyOfKeys([a.key]), "any")?.keys, [a.key.id]);
  });
});
