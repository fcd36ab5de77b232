// SPDX-License-Identifier: Apache-2.0
// What is accepted, and what only just is. The table of what is refused is test/attestation/refusals.test.ts.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  attested,
  caseOf,
  INJECTED,
  MODEL,
  policyOf,
  RELEASE,
  ruleOf,
  SIGNED_MODEL,
  signedModel,
} from "../../../test/helpers/attested.ts";
import { aModel } from "../../../test/helpers/models.ts";
import { SoftTpm } from "../../../test/helpers/soft-tpm.ts";
import { SHA256 } from "../../../test/helpers/test-hasher.ts";
import { verifyCrypto } from "../../../test/helpers/verify-crypto.ts";
import { DIGEST_NAMES } from "../../model/hasher.ts";
import { modelDigest, type WorkloadModel } from "../../model/index.ts";
import { aggregateInput } from "../tpm/index.ts";
import type { RunRecord, VerifyResult, WorkloadRule } from "./types.ts";
import { verifyEvidence } from "./verify.ts";

const good = attested();
const more = attested({ more: [INJECTED] });

/** Each once, in the order of the alphabet. */
const reasons = ({ refusals }: VerifyResult): readonly string[] =>
  [...new Set(refusals.map(({ reason }) => reason))].sort();

const rule = (changes: Partial<WorkloadRule>, of = good) => policyOf(ruleOf(of.tpm, changes));

const claimOf = (model: WorkloadModel) => ({
  name: model.metadata.name,
  digest: modelDigest(model, SHA256),
  signedBy: [RELEASE.key.id],
});

const record = (changes: Partial<RunRecord> = {}): RunRecord => ({
  source: "the record",
  words: new Map([[INJECTED, "/bin/cat opens /etc/shadow for reading"]]),
  ...changes,
});

describe("verifyEvidence", () => {
  it("accepts an honest run on a machine with a TPM, and says what it did not check", async () => {
    const result = await verifyEvidence(await caseOf(good), verifyCrypto);
    assert.deepEqual(reasons(result), []);
    assert.equal(result.accepted, true);
    assert.ok(result.gaps.some((gap) => gap.startsWith("which build the orchestrator is")));
    assert.ok(result.gaps.some((gap) => gap.includes("no values for PCR 0, 1")));
  });

  for (const digest of DIGEST_NAMES)
    it(`knows the aggregate of a namespace under ${digest}`, async () => {
      const tpm = new SoftTpm();
      const input = aggregateInput(tpm.bank([0, 1, 2, 3, 4, 5, 6, 7]));
      const aggregate = verifyCrypto.hasher(digest).hex(input);
      const rules = { ...good.evidence.rules, digest };
      const values = { state: aggregate, measurement: aggregate };
      const rule = policyOf(ruleOf(tpm));
      for (const [told, refused] of [
        [aggregate, false],
        [aggregate.replace(/./g, "0"), true],
      ] as const) {
        const claims = { rules, ...values, aggregate: told };
        const run = attested({ tpm, claims, extends: false });
        const result = await verifyEvidence(await caseOf(run, { policy: rule }), verifyCrypto);
        assert.equal(reasons(result).includes("WRONG_AGGREGATE"), refused);
      }
    });

  it("needs no coefficients where they are the model's, and takes those of a record", async () => {
    const { coefficients: _left, ...without } = await caseOf(good);
    assert.deepEqual(reasons(await verifyEvidence(without, verifyCrypto)), []);
    const { coefficients: _out, ...named } = await caseOf(more);
    const result = await verifyEvidence(
      { ...named, record: record({ coefficients: more.coefficients }) },
      verifyCrypto,
    );
    const words = "/bin/cat opens /etc/shadow for reading";
    assert.deepEqual(result.difference?.added, [{ coefficient: INJECTED, words }]);
    assert.deepEqual(result.difference?.missing, []);
  });

  it("names what a run under way has done, by the model and what was outside of it", async () => {
    const { coefficients: _out, ...named } = await caseOf(more);
    const given = { ...named, record: record() };
    const result = await verifyEvidence(given, verifyCrypto);
    assert.deepEqual(result.difference?.counts, { added: 1, missing: 0 });
    assert.deepEqual(reasons(result), ["VIOLATIONS", "WRONG_STATE"]);
  });

  it("excuses as many violations as the policy allows, when it is proven that there is no more", async () => {
    const limits = { lost: 0, violations: 1 };
    const allowing = { policy: rule({ limits }, more) };
    const proven = await verifyEvidence(await caseOf(more, allowing), verifyCrypto);
    assert.deepEqual(reasons(proven), []);
    assert.ok(
      proven.checked.some((each) => each.includes("with 1 more, which the policy excuses")),
      proven.checked.join("; "),
    );
    const { coefficients: _out, ...unproven } = await caseOf(more, allowing);
    const refused = reasons(await verifyEvidence(unproven, verifyCrypto));
    assert.ok(refused.includes("WRONG_STATE"), refused.join());
    const twice = attested({ more: [INJECTED, "ee".repeat(32)], claims: {} });
    const both = { policy: rule({ limits: { lost: 0, violations: 1 } }, twice) };
    const result = await verifyEvidence(await caseOf(twice, both), verifyCrypto);
    assert.deepEqual(reasons(result), ["VIOLATIONS", "WRONG_STATE"]);
  });

  it("takes a state that the policy names, without any model", async () => {
    const reference = {
      states: [good.evidence.state],
      models: [],
      signed: false,
      signedModels: [],
      demanded: false,
    };
    const given = await caseOf(good, { policy: rule({ reference }), models: [] });
    assert.deepEqual(reasons(await verifyEvidence(given, verifyCrypto)), []);
    const other = { ...reference, states: ["00".repeat(32)] };
    const refused = await verifyEvidence(
      { ...given, policy: rule({ reference: other }) },
      verifyCrypto,
    );
    assert.equal(refused.accepted, false);
  });

  it("takes a signed model that the policy brings, and no unsigned one that somebody else does", async () => {
    const own = [{ name: "its own", text: SIGNED_MODEL }];
    const reference = { ...ruleOf(good.tpm).reference, signedModels: own };
    const given = await caseOf(good, { policy: rule({ reference }), models: [] });
    assert.deepEqual(reasons(await verifyEvidence(given, verifyCrypto)), []);
    const plain = [{ name: "plain", text: JSON.stringify(MODEL) }];
    const refused = await verifyEvidence(await caseOf(good, { models: plain }), verifyCrypto);
    assert.ok(reasons(refused).includes("MODEL_UNSIGNED"), reasons(refused).join());
  });

  it("takes no signed model of another workload, and none that the policy does not ask for", async () => {
    const other = aModel({ name: "shop-other" });
    const swapped = attested({ model: other, claims: { model: claimOf(other) } });
    const brought = [{ name: "other", text: signedModel(other, RELEASE) }];
    const { reference } = ruleOf(swapped.tpm);
    const named = rule({ reference: { ...reference, names: ["shop-web"] } }, swapped);
    const given = await caseOf(swapped, { policy: named, models: brought });
    assert.deepEqual(reasons(await verifyEvidence(given, verifyCrypto)), [
      "MODEL_WRONG_MODEL",
      "WRONG_STATE",
    ]);
    const any = rule(
      { workloads: ["shop-web"], reference: { ...reference, names: ["*"] } },
      swapped,
    );
    const allowed = await verifyEvidence({ ...given, policy: any }, verifyCrypto);
    assert.deepEqual(reasons(allowed), []);
    const own = { source: "its own", model: MODEL, digest: modelDigest(MODEL, SHA256) };
    const pinned = { ...reference, signed: false, models: [own] };
    const refused = await verifyEvidence(
      { ...given, policy: rule({ reference: pinned }, swapped) },
      verifyCrypto,
    );
    assert.ok(reasons(refused).includes("UNKNOWN_MODEL"), reasons(refused).join());
  });

  it("takes no model of another workload of the same rule, however it calls itself", async () => {
    const other = aModel({ name: "shop-other" });
    const model = [{ name: "other", text: signedModel(other, RELEASE) }];
    const named = (name: string) =>
      attested({ model: other, claims: { model: claimOf(other), workload: { name, id: "r" } } });
    const verdictOn = async (name: string) => {
      const run = named(name);
      const { images: _any, ...open } = ruleOf(run.tpm);
      const given = await caseOf(run, { policy: policyOf(open), models: model });
      return reasons(await verifyEvidence(given, verifyCrypto));
    };
    assert.deepEqual(await verdictOn("shop-other"), []);
    for (const name of ["shop-web", "shop-*"]) {
      assert.deepEqual(await verdictOn(name), ["MODEL_WRONG_MODEL", "WRONG_STATE"], name);
    }
  });

  it("wants the signature to have been demanded, also where it knows nothing but a state", async () => {
    const { signedBy: _absent, ...model } = claimOf(MODEL);
    const run = attested({ claims: { model } });
    const reference = {
      states: [run.evidence.state],
      models: [],
      signed: false,
      signedModels: [],
      demanded: true,
    };
    const given = await caseOf(run, { policy: rule({ reference }, run), models: [] });
    assert.deepEqual(reasons(await verifyEvidence(given, verifyCrypto)), [
      "SIGNATURE_NOT_DEMANDED",
    ]);
  });

  it("takes a workload of that name from no other user than the policy says", async () => {
    const verdictOn = async (owner?: number) => {
      const whose = owner === undefined ? {} : { owner };
      const run = attested({ claims: { workload: { ...good.evidence.workload, ...whose } } });
      const given = await caseOf(run, { policy: rule({ owners: [0, 33] }, run) });
      return reasons(await verifyEvidence(given, verifyCrypto));
    };
    assert.deepEqual(await verdictOn(33), []);
    assert.deepEqual(await verdictOn(1_000), ["WRONG_WORKLOAD"]);
    assert.deepEqual(await verdictOn(), ["WRONG_WORKLOAD"]);
  });

  it("wants to know the code of the agent where the policy does", async () => {
    const strict = rule({ agents: ["58".repeat(32)], localities: ["in-process", "vm"] });
    const unsaid = await verifyEvidence(await caseOf(good, { policy: strict }), verifyCrypto);
    assert.deepEqual(reasons(unsaid), ["WRONG_TMA"]);
  });

  it("excuses nothing that the evidence does not count as a violation", async () => {
    const counts = { ...more.evidence.counts, violations: 0 };
    const hidden = attested({ more: [INJECTED], claims: { counts } });
    const limits = { lost: 0, violations: 1 };
    const given = await caseOf(hidden, { policy: rule({ limits }, hidden) });
    assert.deepEqual(reasons(await verifyEvidence(given, verifyCrypto)), ["WRONG_STATE"]);
  });

  it("takes an enrolled key where the policy does, and nowhere else", async () => {
    const strict = ruleOf(good.tpm).platform;
    assert.ok(strict.tpm !== undefined);
    const tpm = { ...strict.tpm, keys: [], enrolled: true };
    const enrolled = new Set([good.tpm.akName]);
    const policy = rule({ platform: { none: false, tpm } });
    const taken = await verifyEvidence(await caseOf(good, { policy, enrolled }), verifyCrypto);
    assert.deepEqual(reasons(taken), []);
    const unknown = await verifyEvidence(await caseOf(good, { policy }), verifyCrypto);
    assert.deepEqual(reasons(unknown), ["UNKNOWN_AK"]);
    const pinned = rule({ platform: { none: false, tpm: { ...tpm, enrolled: false } } });
    const refused = await verifyEvidence(
      await caseOf(good, { policy: pinned, enrolled }),
      verifyCrypto,
    );
    assert.deepEqual(reasons(refused), ["UNKNOWN_AK"]);
  });

  it("refuses when the record tells of what the evidence hides, or is of another run", async () => {
    const of = async (changes: Partial<RunRecord>) =>
      reasons(await verifyEvidence(await caseOf(good, { record: record(changes) }), verifyCrypto));
    assert.deepEqual(await of({ id: good.evidence.workload.id, lost: 0, violations: 0 }), []);
    assert.deepEqual(await of({ lost: 3 }), ["HIDDEN_LOSS"]);
    assert.deepEqual(await of({ violations: 1 }), ["HIDDEN_VIOLATIONS"]);
    assert.deepEqual(await of({ id: "another" }), ["WRONG_RECORD"]);
    assert.deepEqual(await of({ coefficients: [INJECTED] }), ["WRONG_COEFFICIENTS"]);
  });
});
