// SPDX-License-Identifier: Apache-2.0
// Attacks on what the workload did and on the model it was held to: swapped, unsigned, revoked; more done, less seen, losses hidden.
import { stringifyWorkloadModel } from "../../../src/model/index.ts";
import type { TrustPolicy } from "../../../src/attest/policy/trust-policy.ts";
import type { RunRecord, VerifyCase, WorkloadRule } from "../../../src/attest/verify/types.ts";
import {
  caseOf,
  INJECTED,
  MODEL,
  NOW,
  policyOf,
  RELEASE,
  ruleOf,
  SIGNED_MODEL,
  signedModel,
  STRANGER,
  TRUST,
  vouched,
} from "../../helpers/attested.ts";
import { aModel, coefficient } from "../../helpers/models.ts";
import { SHA256 } from "../../helpers/test-hasher.ts";
import { modelDigest } from "../../../src/model/index.ts";
import { type Attack, handed, HONEST, told, tpmOf, vouchedFor } from "./attack.ts";

const WIDER = aModel({ name: "shop-web", points: [1, 2, 3, 4].map(coefficient) });
const DATABASE = aModel({ name: "shop-db", points: [1, 2, 3, 4].map(coefficient) });
const { counts, fidelity, model, workload } = HONEST.evidence;

const models = (text: string): Partial<VerifyCase> => ({ models: [{ name: "m.json", text }] });
const rule = (changes: Partial<WorkloadRule>): Partial<VerifyCase> => ({
  policy: policyOf(ruleOf(HONEST.tpm, changes)),
});
const trust = (changes: Partial<TrustPolicy>): Attack["given"] =>
  handed({ policy: policyOf(ruleOf(HONEST.tpm), { trust: { ...TRUST, ...changes } }) });
const release = (times: { notBefore?: number; notAfter?: number }): Attack["given"] =>
  trust({ keys: [{ name: "release", key: RELEASE.key, ...times }] });
const ruleOfTrust = (changes: Partial<TrustPolicy["rules"][number]>): Attack["given"] =>
  trust({
    rules: [{ models: ["shop-*"], keys: ["release"], threshold: 1, subject: false, ...changes }],
  });
const record = (changes: Partial<RunRecord>): Attack["given"] =>
  handed({ record: { source: "records", id: workload.id, words: new Map(), ...changes } });

export const MODEL_ROWS: readonly Attack[] = [
  {
    what: "a run under a wider model of the same name",
    given: told({ model: WIDER }),
    reasons: ["UNKNOWN_MODEL", "WRONG_STATE"],
    kind: "swapped model",
  },
  {
    what: "a wider model that brings the signature of somebody else",
    given: told({ model: WIDER }, () => models(signedModel(WIDER, STRANGER))),
    reasons: ["MODEL_UNKNOWN_KEY", "WRONG_STATE"],
  },
  {
    what: "a rightly signed model of another workload",
    given: told({ model: DATABASE }, ({ tpm }) => {
      const rule = ruleOf(tpm);
      const reference = { ...rule.reference, names: ["shop-web"] };
      const policy = policyOf({ ...rule, reference });
      return { policy, ...models(signedModel(DATABASE, RELEASE)) };
    }),
    reasons: ["MODEL_WRONG_MODEL", "WRONG_STATE"],
  },
  {
    what: "a wider model that is said to be the signed one",
    given: told({
      model: WIDER,
      claims: { model: { ...model, name: "shop-web", digest: modelDigest(MODEL, SHA256) } },
    }),
    reasons: ["WRONG_STATE"],
  },
  {
    what: "a model that nobody has signed",
    given: handed(models(stringifyWorkloadModel(MODEL))),
    reasons: ["MODEL_UNSIGNED", "WRONG_STATE"],
    kind: "unsigned model",
  },
  {
    what: "no model",
    given: handed({ models: [] }),
    reasons: ["MODEL_NOT_GIVEN", "WRONG_STATE"],
  },
  {
    what: "a signed model that is cut",
    given: handed(models(SIGNED_MODEL.slice(0, 900))),
    reasons: ["UNREADABLE_MODEL", "UNKNOWN_MODEL", "WRONG_STATE"],
  },
  {
    what: "a model whose signature was damaged",
    given: handed(models(damaged())),
    reasons: ["MODEL_BAD_SIGNATURE", "WRONG_STATE"],
  },
  {
    what: "a model that is none although it is signed",
    given: handed(models(signedModel({ ...MODEL, kind: "Pod" as "WorkloadModel" }, RELEASE))),
    reasons: ["MODEL_BAD_CONTENT", "WRONG_STATE"],
  },
  {
    what: "a model of a signer whose key has expired",
    given: release({ notAfter: NOW - 1 }),
    reasons: ["MODEL_KEY_EXPIRED", "WRONG_STATE"],
  },
  {
    what: "a model of a signer whose key does not count yet",
    given: release({ notBefore: NOW + 1 }),
    reasons: ["MODEL_KEY_NOT_YET", "WRONG_STATE"],
  },
  {
    what: "a model of a signer whose key was revoked",
    given: trust({ revokedKeys: new Map([[RELEASE.key.id, "lost"]]) }),
    reasons: ["MODEL_KEY_REVOKED", "WRONG_STATE"],
  },
  {
    what: "a model that was revoked",
    given: trust({ revokedModels: new Map([[modelDigest(MODEL, SHA256), "too wide"]]) }),
    reasons: ["MODEL_MODEL_REVOKED", "WRONG_STATE"],
  },
  {
    what: "a model of a name that nobody may sign",
    given: ruleOfTrust({ models: ["till"] }),
    reasons: ["MODEL_NO_RULE", "WRONG_STATE"],
  },
  {
    what: "a model of a signer of other names",
    given: trust({
      keys: [...TRUST.keys, { name: "other", key: STRANGER.key }],
      rules: [{ models: ["shop-*"], keys: ["other"], threshold: 1, subject: false }],
    }),
    reasons: ["MODEL_KEY_NOT_FOR_NAME", "WRONG_STATE"],
  },
  {
    what: "a model with one signer where two are wanted",
    given: trust({
      keys: [...TRUST.keys, { name: "other", key: STRANGER.key }],
      rules: [{ models: ["shop-*"], keys: ["release", "other"], threshold: 2, subject: false }],
    }),
    reasons: ["MODEL_TOO_FEW", "WRONG_STATE"],
  },
  {
    what: "a model that was signed for another image",
    given: () => {
      const image = `sha256:${"2e".repeat(32)}`;
      const trusting = { ...TRUST, rules: TRUST.rules.map((each) => ({ ...each, subject: true })) };
      const policy = policyOf(ruleOf(HONEST.tpm, { images: [image] }), { trust: trusting });
      return vouchedFor({ workload: { ...workload, image } }, { policy })();
    },
    reasons: ["MODEL_WRONG_SUBJECT", "WRONG_STATE"],
  },
  {
    what: "a model that has to be for an image, and a workload without one",
    given: () => {
      const trusting = { ...TRUST, rules: TRUST.rules.map((each) => ({ ...each, subject: true })) };
      const { images: _none, ...any } = ruleOf(HONEST.tpm);
      const { image: _gone, ...bare } = workload;
      return vouchedFor({ workload: bare }, { policy: policyOf(any, { trust: trusting }) })();
    },
    reasons: ["MODEL_NO_SUBJECT", "WRONG_STATE"],
  },
  {
    what: "a run whose model's signature was not looked at before it was taken",
    given: vouchedFor({ model: { name: "shop-web", digest: modelDigest(MODEL, SHA256) } }),
    reasons: ["SIGNATURE_NOT_DEMANDED"],
  },
  {
    what: "a run that took the model from another signer",
    given: vouchedFor({
      model: {
        name: "shop-web",
        digest: modelDigest(MODEL, SHA256),
        signedBy: [STRANGER.key.id],
      },
    }),
    reasons: ["WRONG_SIGNER"],
  },
  {
    what: "a model that is not among those that are known",
    given: told({ model: WIDER }, ({ tpm }) => ({
      policy: policyOf(
        ruleOf(tpm, {
          reference: {
            states: [],
            models: [{ source: "m.json", model: MODEL, digest: modelDigest(MODEL, SHA256) }],
            signed: false,
            signedModels: [],
            demanded: false,
          },
        }),
      ),
    })),
    reasons: ["UNKNOWN_MODEL", "WRONG_STATE"],
  },
  {
    what: "one injected behaviour",
    given: told({ more: [INJECTED] }),
    reasons: ["VIOLATIONS", "WRONG_STATE"],
  },
  {
    what: "one injected behaviour that is not counted",
    given: told({ more: [INJECTED], claims: { counts } }),
    reasons: ["WRONG_STATE", "WRONG_COEFFICIENTS", "NO_COEFFICIENTS"],
  },
  {
    what: "more behaviours counted than the state is over",
    given: vouchedFor({ counts: { ...counts, points: counts.points + 1 } }),
    reasons: ["WRONG_COUNT", "WRONG_COEFFICIENTS", "NOT_EXTENDED"],
  },
  {
    what: "one injected behaviour, nowhere told but in PCR 11",
    given: told(
      {
        more: [INJECTED],
        claims: {
          counts,
          ...{ state: HONEST.evidence.state, measurement: HONEST.evidence.measurement },
        },
      },
      () => ({ coefficients: HONEST.coefficients }),
    ),
    reasons: ["WRONG_PCR_11"],
  },
  {
    what: "calls of untrusted processes that were refused",
    given: vouchedFor({ counts: { ...counts, refused: 1 } }),
    reasons: ["REFUSED_CALLS"],
  },
  {
    what: "events that were lost, as the evidence says",
    given: vouchedFor({ counts: { ...counts, lost: 1 } }),
    reasons: ["LOST_EVENTS"],
  },
  {
    what: "events that were lost, as the record says and the evidence does not",
    given: record({ lost: 1, violations: 0 }),
    reasons: ["HIDDEN_LOSS"],
    kind: "lost events hidden",
  },
  {
    what: "violations, as the record says and the evidence does not",
    given: record({ lost: 0, violations: 1 }),
    reasons: ["HIDDEN_VIOLATIONS"],
  },
  {
    what: "the record of another run",
    given: record({ id: "20260601T000000000Z-bbbbbb" }),
    reasons: ["WRONG_RECORD"],
  },
  {
    what: "a record with another behaviour in place of one",
    given: record({ coefficients: [...HONEST.coefficients.slice(1), INJECTED] }),
    reasons: ["WRONG_COEFFICIENTS"],
  },
  {
    what: "a run that only watches",
    given: vouchedFor({ mode: "detect" }),
    reasons: ["WRONG_MODE"],
  },
  {
    what: "a run that learns, whatever it does being its model",
    given: vouchedFor({ mode: "free", sealed: false }),
    reasons: ["WRONG_MODE"],
  },
  {
    what: "a model that is enforced and not sealed",
    given: vouchedFor({ sealed: false }),
    reasons: ["NOT_SEALED"],
  },
  {
    what: "a run that was started without a model, although it behaves alike",
    given: () => withoutModel({}),
    reasons: ["SIGNATURE_NOT_DEMANDED"],
  },
  {
    what: "a run that was started without a model, and nothing to compare it with",
    given: () => withoutModel({ models: [] }),
    reasons: ["NO_MODEL", "SIGNATURE_NOT_DEMANDED", "WRONG_STATE"],
  },
  {
    what: "rules that tell behaviours apart otherwise",
    given: vouchedFor({ rules: { ...HONEST.evidence.rules, profile: "exact" } }),
    reasons: ["WRONG_RULES"],
  },
  {
    what: "a sensor that holds less than the model was learned with",
    given: vouchedFor({ fidelity: { ...fidelity, holds: [] } }),
    reasons: ["WEAK_FIDELITY"],
  },
  {
    what: "a sensor that is not wanted",
    given: handed(
      rule({
        fidelity: {
          ...{ sensors: ["bpf"], sees: [], holds: [], features: [] },
          ...{ weaker: false, floor: false },
        },
      }),
    ),
    reasons: ["WRONG_SENSOR"],
  },
  {
    what: "a part of the model that nobody sees",
    given: vouchedFor({ floor: { kind: "landlock", unseen: 1, state: "6a".repeat(32) } }),
    reasons: ["FLOOR"],
  },
  {
    what: "another build of Galgo",
    given: handed(rule({ builds: ["78".repeat(32)] })),
    reasons: ["WRONG_BUILD"],
  },
  {
    what: "a model that is kept where nobody wants it",
    given: vouchedFor({ tma: { locality: "remote" } }),
    reasons: ["WRONG_TMA"],
  },
];

/** One bit of the signature. */
function damaged(): string {
  const envelope = JSON.parse(SIGNED_MODEL) as { signatures: { sig: string }[] };
  const [first] = envelope.signatures;
  if (first !== undefined)
    first.sig = `${first.sig.startsWith("A") ? "B" : "A"}${first.sig.slice(1)}`;
  return JSON.stringify(envelope);
}

function withoutModel(changes: Partial<VerifyCase>): Promise<VerifyCase> {
  const { model: _none, ...claims } = HONEST.evidence;
  const { start, extended } = tpmOf(HONEST.evidence);
  const platform = { ...tpmOf({ platform: vouched(claims, HONEST) }), start, extended };
  return caseOf({ ...HONEST, evidence: { ...claims, platform } }, changes);
}
