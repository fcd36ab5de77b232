// SPDX-License-Identifier: Apache-2.0
// Policies as people write them: what is read, and that a slip is refused and never passed over.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HOST, MODEL, RELEASE, SIGNED_MODEL } from "../../../test/helpers/attested.ts";
import { aSigner } from "../../../test/helpers/signing.ts";
import { policyText } from "../../../test/helpers/verifier-policy.ts";
import { verifyCrypto } from "../../../test/helpers/verify-crypto.ts";
import { stringifyWorkloadModel } from "../../model/index.ts";
import { readVerifierPolicy } from "./policy-file.ts";
import type { VerifierPolicy } from "./types.ts";

const AK = `000b${"ab".repeat(32)}`;
const PLAIN = stringifyWorkloadModel(MODEL);
const FILES: Readonly<Record<string, string>> = {
  "plain.json": PLAIN,
  "signed.json": SIGNED_MODEL,
};

type Changes = Readonly<Record<string, unknown>>;

/** The policy of the scene with other members at its top, and in its rule. */
function textOf(top: Changes, rule: Changes = {}): string {
  return JSON.stringify({ ...(JSON.parse(policyText(AK, rule)) as object), ...top });
}

function read(text: string): VerifierPolicy {
  return readVerifierPolicy(text, {
    name: "policy.json",
    crypto: verifyCrypto,
    file: (name) => {
      const found = FILES[name];
      if (found === undefined) throw new Error(`no file ${name}`);
      return found;
    },
  });
}

describe("a verifier's policy", () => {
  it("takes the strictest where it says nothing", () => {
    const { rules, keys, trust } = read(policyText(AK));
    const [rule] = rules;
    assert.deepEqual(
      keys.map(({ name, key }) => [name, key.id]),
      [["host", HOST.key.id]],
    );
    assert.equal(trust?.keys[0]?.key.id, RELEASE.key.id);
    assert.deepEqual(rule?.modes, ["enforce"]);
    assert.deepEqual(rule?.limits, { lost: 0, violations: 0 });
    assert.deepEqual(rule?.localities, ["in-process"]);
    assert.equal(rule?.fidelity.weaker, false);
    assert.equal(rule?.fidelity.floor, false);
    assert.equal(rule?.platform.none, false);
    assert.equal(rule?.platform.tpm?.coefficients, "required");
    // in the others PCR 11 is as the machine was started: anybody could begin there anew
    assert.deepEqual(rule?.platform.tpm?.banks, ["sha256"]);
    assert.equal(rule?.platform.tpm?.start, "zeros");
    assert.equal(rule?.platform.tpm?.enrolled, false);
  });

  it("has the users whose workloads are meant", () => {
    assert.deepEqual(read(textOf({}, { owners: [0, 33] })).rules[0]?.owners, [0, 33]);
  });

  it("reads models that it names, plain or signed, and its digest covers them", () => {
    const named = (...models: readonly string[]) => policyText(AK, { reference: { models } });
    const both = read(named("plain.json", "signed.json"));
    assert.equal(both.rules[0]?.reference.models[0]?.model.metadata.name, MODEL.metadata.name);
    assert.equal(both.rules[0]?.reference.signedModels.length, 1);
    const crypto = verifyCrypto;
    const text = named("plain.json");
    const other = { ...MODEL, metadata: { name: "other" } };
    const digests = [PLAIN, stringifyWorkloadModel(other)].map(
      (content) => readVerifierPolicy(text, { name: "p", crypto, file: () => content }).digest,
    );
    assert.notEqual(digests[0], digests[1]);
  });

  const key = { name: "host", publicKey: HOST.publicPem };
  const rsa = { name: "rsa", publicKey: aSigner("RS256").publicPem };
  const ended = { ...key, notBefore: "2027-01-01T00:00:00Z", notAfter: "2026-01-01T00:00:00Z" };
  const tpm = { keys: [{ name: "m", ak: AK }] };
  const wrong: readonly (readonly [what: string, text: string, words: RegExp])[] = [
    ["that is no JSON", "{", /is not JSON/],
    ["with a member twice", textOf({}).replace("{", '{"kind":"VerifierPolicy",'), /twice/],
    ["of another kind", textOf({ kind: "TrustPolicy" }), /kind/],
    ["with a member that is not known", textOf({ more: 1 }), /more is not known/],
    ["with one in a rule", textOf({}, { limit: {} }), /limit is not known/],
    ["without keys", textOf({ keys: [] }), /keys/],
    ["with a key twice", textOf({ keys: [key, { ...key, name: "again" }] }), /twice/],
    ["with a key that signs no tokens", textOf({ keys: [rsa] }), /tokens are signed with/],
    ["with a key that ends before it begins", textOf({ keys: [ended] }), /ends before it begins/],
    ["with a rule for a key that it lacks", textOf({}, { keys: ["nobody"] }), /no such key/],
    ["with no reference", textOf({}, { reference: {} }), /has no reference/],
    ["with signed models of nobody", textOf({ trust: undefined }), /does not say whose/],
    [
      "with signed models that are not",
      textOf({}, { reference: { signed: true, models: ["plain.json"] } }),
      /plain\.json is not signed/,
    ],
    [
      "with a signed model and nobody who may sign",
      textOf({ trust: undefined }, { reference: { models: ["signed.json"] } }),
      /not who may sign it/,
    ],
    [
      "with signed models and states",
      textOf({}, { reference: { signed: true, states: ["00".repeat(32)] } }),
      /which nobody has signed/,
    ],
    ["with no platform", textOf({}, { platform: {} }), /takes no platform/],
    ["with none refused and no other", textOf({}, { platform: { none: false } }), /no platform/],
    ["with a TPM of nobody", textOf({}, { platform: { tpm: {} } }), /knows no TPM/],
    ["with SHA-1", textOf({}, { platform: { tpm: { ...tpm, banks: ["sha1"] } } }), /banks/],
    ["with a PCR 24", textOf({}, { platform: { tpm: { ...tpm, pcrs: { 24: ["00"] } } } }), /pcrs/],
    ["with a negative limit", textOf({}, { limits: { lost: -1 } }), /lost/],
    ["that keeps evidence for ever", textOf({}, { freshness: { seconds: 1e12 } }), /seconds/],
    [
      "with agents for a model that Galgo keeps",
      textOf({}, { agents: ["00".repeat(32)] }),
      /names agents, and takes a model that no agent keeps/,
    ],
    ["with an owner that is no number", textOf({}, { owners: ["root"] }), /owners/],
    ["with an image that is no digest", textOf({}, { images: ["nginx:latest"] }), /images/],
    ["that is too large", " ".repeat(5 * 1024 * 1024), /at most/],
  ];
  for (const [what, text, words] of wrong) {
    it(`${what} is refused`, () => {
      assert.throws(
        () => read(text),
        (error: Error) => {
          assert.match(error.message, words);
          assert.equal(error.message.split("\n").length, 1);
          return true;
        },
      );
    });
  }
});
