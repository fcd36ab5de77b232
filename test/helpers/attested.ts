// SPDX-License-Identifier: Apache-2.0
// One honest workload under a signed model on a machine with a TPM, and the verifier that knows both: the scene of every attack. What is
// changed in a scene is changed before the evidence is made; what is changed in the evidence or the token is changed after.
import { createHash } from "node:crypto";
import { bytesToHex, hexToBytes } from "../../src/base/hex.ts";
import type { Evidence, PlatformEvidence } from "../../src/attest/evidence/index.ts";
import { platformBinding, signEatJwt } from "../../src/attest/evidence/index.ts";
import { tokenSignerOf } from "../../src/attest/evidence/key-tokens.ts";
import type { TrustPolicy } from "../../src/attest/policy/trust-policy.ts";
import { writeEnvelope } from "../../src/attest/signed/dsse.ts";
import { signedBy } from "../../src/attest/signed/envelope-signatures.ts";
import { envelopeOfModel } from "../../src/attest/signed/statement.ts";
import type { VerifierPolicy, VerifyCase, WorkloadRule } from "../../src/attest/verify/types.ts";
import { createModel, modelDigest, type WorkloadModel } from "../../src/model/index.ts";
import { aModel, coefficient } from "./models.ts";
import { aSigner, type TestSigner } from "./signing.ts";
import { SoftTpm } from "./soft-tpm.ts";
import { SHA256 } from "./test-hasher.ts";

export const NOW: number = Date.UTC(2026, 5, 1);
export const NONCE: string = "c0ffee".repeat(6);
export const IMAGE: string = `sha256:${"1f".repeat(32)}`;
const ZEROS = "00".repeat(32);
const QUOTED = [0, 1, 2, 3, 4, 5, 6, 7, 11];

/** Who takes part. Keys are made once: they are what a test changes one against another. */
export const HOST: TestSigner = aSigner("ES256");
export const RELEASE: TestSigner = aSigner("Ed25519");
export const STRANGER: TestSigner = aSigner("ES256");
export const MODEL: WorkloadModel = aModel({ name: "shop-web" });
export const SIGNED_MODEL: string = signedModel(MODEL, RELEASE);

export function signedModel(model: WorkloadModel, ...signers: readonly TestSigner[]): string {
  const subject = { name: "image", digest: { sha256: IMAGE.slice("sha256:".length) } };
  return writeEnvelope(signers.reduce(signedBy, envelopeOfModel(model, [subject])));
}

/** What happens, before anybody speaks of it. */
export interface Scene {
  readonly tpm: SoftTpm;
  readonly model: WorkloadModel;
  /** Behaviours besides those of the model. */
  readonly more: readonly string[];
  /** Which claims the orchestrator makes otherwise than is so. */
  readonly claims: Partial<Evidence>;
  /** Who signs the token. */
  readonly signer: TestSigner;
  /** What is extended into PCR 11 before the run. */
  readonly earlier: readonly string[];
  /** Whether its coefficients go there. */
  readonly extends: boolean;
  /** hex; what the run began with. */
  readonly base?: string;
}

/** Evidence of a scene and what of it can be given to a verifier. */
export interface Attested {
  readonly evidence: Evidence;
  readonly signer: TestSigner;
  /** hex, in the order of discovery */
  readonly coefficients: readonly string[];
  readonly tpm: SoftTpm;
}

export function attested(changes: Partial<Scene> = {}): Attested {
  const scene: Scene = {
    tpm: new SoftTpm(),
    model: MODEL,
    more: [],
    claims: {},
    signer: HOST,
    earlier: [],
    extends: true,
    ...changes,
  };
  const { tpm, model, more, signer } = scene;
  for (const digest of scene.earlier) tpm.extend(11, hexToBytes(digest));
  const start = bytesToHex(tpm.bank([11]).values.get(11) ?? new Uint8Array(0));
  const coefficients = [...model.spec.points, ...more];
  if (scene.extends) for (const each of coefficients) tpm.extend(11, hexToBytes(each));
  const claims = { ...claimsOf(scene, coefficients), ...scene.claims };
  const platform = vouched(claims, { tpm, signer });
  // a liar hides what he has extended too, or no such evidence could be written
  const extended = scene.extends ? Math.min(coefficients.length, claims.counts.points) : 0;
  const evidence = {
    ...claims,
    platform: platform.kind === "tpm" ? { ...platform, start, extended } : platform,
  };
  return { evidence, signer, coefficients, tpm };
}

function claimsOf({ model, more, tpm, base }: Scene, coefficients: readonly string[]): Evidence {
  const terms = base === undefined ? {} : { base };
  const run = createModel({ hasher: SHA256, aggregate: tpm.aggregate, ...terms });
  for (const each of coefficients) run.load(each);
  const { mapping, digest, profile, fidelity } = model.spec;
  return {
    nonce: NONCE,
    issuedAt: NOW / 1_000,
    workload: { name: "shop-web", id: "20260601T000000000Z-aaaaaa", image: IMAGE },
    model: {
      name: model.metadata.name,
      digest: modelDigest(model, SHA256),
      signedBy: [RELEASE.key.id],
    },
    rules: { mapping, digest, profile: profile.name },
    state: run.state(),
    measurement: run.measurement(),
    aggregate: tpm.aggregate,
    ...terms,
    counts: {
      events: 1_000,
      points: coefficients.length,
      lost: 0,
      violations: more.length,
      refused: 0,
    },
    mode: "enforce",
    sealed: true,
    fidelity,
    orchestrator: { version: "0.1.0", buildDigest: "79".repeat(32) },
    started: NOW / 1_000 - 100,
    platform: { kind: "none", why: "not yet" },
  };
}

/** What a TPM says of claims: the quote holds for them and for the key that will sign them. */
export function vouched(
  claims: Evidence,
  { tpm, signer }: Pick<Attested, "tpm" | "signer">,
  pcrs: readonly number[] = QUOTED,
): PlatformEvidence {
  const binding = platformBinding(claims, signer.key.id);
  const nonce = new Uint8Array(createHash("sha256").update(binding).digest());
  return {
    kind: "tpm",
    ...tpm.quote({ nonce, pcrs }),
    akPublic: tpm.akPublic,
    bank: "sha256",
    pcrs: pcrs.map((index) => ({
      index,
      value: bytesToHex(tpm.bank([index]).values.get(index) ?? new Uint8Array(0)),
    })),
    start: ZEROS,
    extended: 0,
  };
}

export async function tokenOf({ evidence, signer }: Attested): Promise<string> {
  return await signEatJwt(evidence, tokenSignerOf(signer));
}

export const TRUST: TrustPolicy = {
  keys: [{ name: "release", key: RELEASE.key }],
  rules: [{ models: ["shop-*"], keys: ["release"], threshold: 1, subject: false }],
  revokedKeys: new Map(),
  revokedModels: new Map(),
};

/** The rule of the workload, as strict as rules are; a change makes it another one. */
export function ruleOf(tpm: SoftTpm, changes: Partial<WorkloadRule> = {}): WorkloadRule {
  return {
    workloads: ["shop-*"],
    keys: ["host"],
    images: [IMAGE],
    reference: { states: [], models: [], signed: true, signedModels: [], demanded: true },
    modes: ["enforce"],
    limits: { lost: 0, violations: 0, refused: 0 },
    freshness: { seconds: 60, ahead: 5, base: "allowed" },
    fidelity: { sees: [], holds: [], features: [], weaker: false, floor: false },
    localities: ["in-process"],
    platform: {
      none: false,
      tpm: {
        keys: [{ name: "machine", ak: tpm.akName }],
        enrolled: false,
        banks: ["sha256"],
        pcrs: new Map(),
        coefficients: "required",
        start: [ZEROS],
      },
    },
    ...changes,
  };
}

export function policyOf(
  rule: WorkloadRule,
  changes: Partial<VerifierPolicy> = {},
): VerifierPolicy {
  return {
    source: "policy.json",
    digest: "aa".repeat(32),
    keys: [{ name: "host", key: HOST.key }],
    revokedKeys: new Map(),
    trust: TRUST,
    rules: [rule],
    ...changes,
  };
}

/** A behaviour that no model here has. */
export const INJECTED: string = coefficient(4_711);

/** What an honest verifier is given. */
export async function caseOf(
  given: Attested,
  changes: Partial<VerifyCase> = {},
): Promise<VerifyCase> {
  return {
    token: await tokenOf(given),
    policy: policyOf(ruleOf(given.tpm)),
    nonce: NONCE,
    now: NOW,
    models: [{ name: "shop-web.json", text: SIGNED_MODEL }],
    coefficients: given.coefficients,
    ...changes,
  };
}
