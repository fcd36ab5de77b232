// SPDX-License-Identifier: Apache-2.0
// Reading a verifier's policy and the files that it names. What can not be meant (a key that is not there, a rule that nothing can
// satisfy) is refused, not passed over.
import canonicalize from "canonicalize";
import { bytesToHex } from "../../base/hex.ts";
import { quote } from "../../base/quote.ts";
import { modelDigest, ModelError, parseWorkloadModel } from "../../model/index.ts";
import { revocationName } from "../cc/chain.ts";
import { AMD_ROOTS, INTEL_ROOTS } from "../cc/roots.ts";
import { firstWords } from "../encoding/schema-words.ts";
import { parseStrictJson } from "../encoding/strict-json.ts";
import { ImaError, parseImaReference } from "../ima/index.ts";
import { tokenAlg } from "../evidence/index.ts";
import { publicKeyOfPem } from "../keys/keys.ts";
import { readTrustPolicy } from "../policy/trust-file.ts";
import type { TrustPolicy } from "../policy/trust-policy.ts";
import { SignatureError } from "../signed/errors.ts";
import { looksSigned } from "../signed/sigstore-bundle.ts";
import { VerifyError } from "./errors.ts";
import { MAX_POLICY_CHARS } from "./limits.ts";
import {
  type PlatformPolicyFile,
  type TpmPolicyFile,
  type VerifierPolicyFile,
  verifierPolicySchema,
  type WorkloadRuleFile,
} from "./policy-form.ts";
import type {
  EvidenceKey,
  ImaPolicy,
  PlatformPolicy,
  ReferenceModel,
  ReferenceValues,
  ReportPolicy,
  TpmPolicy,
  VerifierPolicy,
  VerifyCrypto,
  WorkloadRule,
} from "./types.ts";

/** What a rule takes for granted that says nothing. */
const DEFAULTS = {
  modes: ["enforce"],
  limits: { lost: 0, violations: 0 },
  freshness: { seconds: 300, ahead: 30, base: "allowed" },
  fidelity: { sees: [], holds: [], features: [], weaker: false, floor: false },
  localities: ["in-process"],
  // Galgo extends this one: what PCR 11 of another bank holds is whoever's
  banks: ["sha256"],
} as const;

export interface PolicyReading {
  /** Of the policy, for messages; shown as it is. */
  readonly name: string;
  readonly crypto: Pick<VerifyCrypto, "verifier" | "hasher">;
  /** Text of a file that the policy names, as it names it. Throws when there is none. */
  readonly file: (name: string) => string;
}

/**
 * Reads a policy.
 * @throws VerifyError BAD_POLICY, TOO_LARGE; SignatureError from its keys and its trust policy; what `file` throws
 */
export function readVerifierPolicy(text: string, reading: PolicyReading): VerifierPolicy {
  const { name } = reading;
  if (text.length > MAX_POLICY_CHARS) {
    const problem = `${name} has ${text.length} characters, at most ${MAX_POLICY_CHARS} are read`;
    throw new VerifyError("TOO_LARGE", problem);
  }
  const value = parsePolicyJson(text, name);
  const result = verifierPolicySchema().safeParse(value);
  if (!result.success)
    throw bad(name, `is no verifier's policy: ${firstWords(result.error, value)}`);
  const policy = result.data;
  const files = new PolicyFiles(reading);
  const keys = policy.keys.map((key) => evidenceKey(key, reading));
  refuseKeys(keys, name);
  const trust = trustOf(policy, files, reading);
  const rules = policy.workloads.map((rule, i) =>
    readRule(rule, { at: `${name}: rule ${i + 1}`, keys, trust, files, reading }),
  );
  const revoked = (policy.revoked ?? []).map(({ id, why = "" }) => [id, why] as const);
  return {
    source: name,
    digest: files.digestWith(text),
    keys,
    revokedKeys: new Map(revoked),
    ...(trust !== undefined && { trust }),
    rules,
  };
}

function parsePolicyJson(text: string, name: string): unknown {
  try {
    return parseStrictJson(text, name);
  } catch (cause) {
    if (!(cause instanceof SignatureError)) throw cause;
    throw new VerifyError("BAD_POLICY", cause.message, { cause });
  }
}

/** The files that a policy names, each read once, so that its digest can cover them. */
class PolicyFiles {
  readonly #reading: PolicyReading;
  readonly #texts = new Map<string, string>();

  constructor(reading: PolicyReading) {
    this.#reading = reading;
  }

  text(name: string): string {
    const known = this.#texts.get(name) ?? this.#reading.file(name);
    this.#texts.set(name, known);
    return known;
  }

  /** SHA-256, hex, over the digest of the policy and those of its files by their names, as canonical JSON. */
  digestWith(policy: string): string {
    const digests = [...this.#texts].map(([name, text]) => [name, this.#digest(text)]);
    const all = { policy: this.#digest(policy), files: Object.fromEntries(digests) };
    return this.#digest(canonicalize(all) ?? "");
  }

  #digest(text: string): string {
    const bytes = new TextEncoder().encode(text);
    return bytesToHex(this.#reading.crypto.verifier.digest("sha256", bytes));
  }
}

function evidenceKey(
  { name: keyName, publicKey, notBefore, notAfter }: VerifierPolicyFile["keys"][0],
  { name, crypto }: PolicyReading,
): EvidenceKey {
  const at = `${name}: key ${quote(keyName)}`;
  const key = publicKeyOfPem(publicKey, crypto.verifier, at);
  tokenAlg(key, at);
  return {
    name: keyName,
    key,
    ...(notBefore !== undefined && { notBefore: timeOf(notBefore, at) }),
    ...(notAfter !== undefined && { notAfter: timeOf(notAfter, at) }),
  };
}

/** Milliseconds since 1970. What is no time would otherwise be a key without end. */
function timeOf(text: string, name: string): number {
  const time = Date.parse(text);
  if (Number.isFinite(time)) return time;
  throw bad(name, `has no time in ${quote(text, 40)}`);
}

function refuseKeys(keys: readonly EvidenceKey[], name: string): void {
  const names = new Set<string>();
  const ids = new Set<string>();
  for (const { name: keyName, key, notBefore, notAfter } of keys) {
    if (names.has(keyName) || ids.has(key.id))
      throw bad(name, `has the key ${quote(keyName)} twice`);
    names.add(keyName);
    ids.add(key.id);
    if (notBefore !== undefined && notAfter !== undefined && notBefore > notAfter) {
      throw bad(name, `has the key ${quote(keyName)}, which ends before it begins`);
    }
  }
}

function trustOf(
  { trust }: VerifierPolicyFile,
  files: PolicyFiles,
  { name, crypto }: PolicyReading,
): TrustPolicy | undefined {
  if (trust === undefined) return undefined;
  // read as text in either case: one reader, one set of rules
  const [text, source] =
    typeof trust === "string"
      ? [files.text(trust), quote(trust)]
      : [JSON.stringify(trust), `${name}: trust`];
  return readTrustPolicy(text, source, crypto.verifier);
}

interface RuleReading {
  /** For messages. */
  readonly at: string;
  readonly keys: readonly EvidenceKey[];
  readonly trust: TrustPolicy | undefined;
  readonly files: PolicyFiles;
  readonly reading: PolicyReading;
}

function readRule(rule: WorkloadRuleFile, how: RuleReading): WorkloadRule {
  const { at } = how;
  const wrong = rule.keys?.find((name) => !how.keys.some((key) => key.name === name));
  if (wrong !== undefined) throw bad(at, `names the key ${quote(wrong)}, and there is no such key`);
  const { images, owners, builds, agents } = rule;
  const localities = rule.localities ?? DEFAULTS.localities;
  if (agents !== undefined && localities.includes("in-process")) {
    throw bad(at, "names agents, and takes a model that no agent keeps too (localities)");
  }
  return {
    workloads: rule.names,
    keys: rule.keys ?? how.keys.map(({ name }) => name),
    ...(images !== undefined && { images }),
    ...(owners !== undefined && { owners }),
    reference: readReference(rule.reference, how),
    modes: rule.modes ?? DEFAULTS.modes,
    limits: { ...DEFAULTS.limits, ...rule.limits },
    freshness: { ...DEFAULTS.freshness, ...rule.freshness },
    fidelity: { ...DEFAULTS.fidelity, ...rule.fidelity },
    ...(builds !== undefined && { builds }),
    localities,
    ...(agents !== undefined && { agents }),
    platform: readPlatform(rule.platform, how),
  };
}

type ReferenceFile = WorkloadRuleFile["reference"];

function readReference(reference: ReferenceFile, how: RuleReading): ReferenceValues {
  const { states = [], models = [], signed = false, names, demanded = false } = reference;
  const { at, trust, files } = how;
  refuseReference(reference, how);
  const texts = models.map((name) => ({ name, text: files.text(name) }));
  const [withSignature, plain] = [
    texts.filter(({ text }) => looksSigned(text)),
    texts.filter(({ text }) => !looksSigned(text)),
  ];
  const [unsigned, unjudged] = [signed ? plain[0] : undefined, withSignature[0]];
  if (unsigned !== undefined) {
    throw bad(at, `wants signed models, and ${quote(unsigned.name)} is not signed`);
  }
  if (unjudged !== undefined && trust === undefined) {
    throw bad(
      at,
      `names the signed model ${quote(unjudged.name)}, and not who may sign it (trust)`,
    );
  }
  return {
    states,
    models: plain.map(({ name, text }) => readModel(name, text, how)),
    signed,
    signedModels: withSignature.map(({ name, text }) => ({ name: quote(name), text })),
    ...(names !== undefined && { names }),
    demanded,
  };
}

/** What can not be meant. */
function refuseReference(
  { states = [], models = [], signed = false, names }: ReferenceFile,
  { at, trust }: RuleReading,
): void {
  if (states.length === 0 && models.length === 0 && !signed) {
    throw bad(at, "has no reference: name states or models, or say that signed models are good");
  }
  if (names !== undefined && !signed) {
    throw bad(at, "names models that may be brought, and takes none (signed)");
  }
  if (signed && trust === undefined) {
    throw bad(at, "wants signed models, and the policy does not say whose (trust)");
  }
  if (signed && states.length > 0) {
    throw bad(at, "wants signed models and names states, which nobody has signed");
  }
}

function readModel(name: string, text: string, { at, reading }: RuleReading): ReferenceModel {
  const { hasher } = reading.crypto;
  try {
    const model = parseWorkloadModel(text, { source: quote(name), hasher });
    return { source: quote(name), model, digest: modelDigest(model, hasher("sha256")) };
  } catch (cause) {
    if (!(cause instanceof ModelError)) throw cause;
    throw new VerifyError("BAD_POLICY", `${at}: ${cause.message}`, { cause });
  }
}

function readPlatform(
  { none = false, tpm, snp, tdx, sgx }: PlatformPolicyFile,
  how: RuleReading,
): PlatformPolicy {
  const platform: PlatformPolicy = {
    none,
    ...(tpm !== undefined && { tpm: readTpm(tpm, how) }),
    ...(snp !== undefined && { snp: readReport(snp, AMD_ROOTS) }),
    ...(tdx !== undefined && { tdx: readReport(tdx, INTEL_ROOTS) }),
    ...(sgx !== undefined && { sgx: readReport(sgx, INTEL_ROOTS) }),
  };
  if (!none && [tpm, snp, tdx, sgx].every((each) => each === undefined)) {
    throw bad(how.at, 'takes no platform: say {"none": true} when none has to vouch');
  }
  return platform;
}

function readTpm(
  { keys = [], enrolled = false, banks, pcrs = {}, coefficients, start, ima }: TpmPolicyFile,
  how: RuleReading,
): TpmPolicy {
  if (keys.length === 0 && !enrolled) {
    throw bad(how.at, "knows no TPM: name attestation keys, or take enrolled ones");
  }
  return {
    keys,
    enrolled,
    banks: banks ?? DEFAULTS.banks,
    pcrs: new Map(Object.entries(pcrs).map(([pcr, values]) => [Number(pcr), values])),
    coefficients: coefficients ?? "required",
    start: start ?? "zeros",
    ...(ima !== undefined && { ima: readIma(ima, how) }),
  };
}

function readIma(
  { required = true, reference }: NonNullable<TpmPolicyFile["ima"]>,
  { at, files }: RuleReading,
): ImaPolicy {
  if (reference === undefined) return { required, violations: 0, files: [] };
  try {
    return { required, ...parseImaReference(files.text(reference), quote(reference)) };
  } catch (cause) {
    if (!(cause instanceof ImaError || cause instanceof SignatureError)) throw cause;
    throw new VerifyError("BAD_POLICY", `${at}: ${cause.message}`, { cause });
  }
}

function readReport(
  { measurements, roots, revoked }: NonNullable<PlatformPolicyFile["snp"]>,
  pinned: ReportPolicy["roots"],
): ReportPolicy {
  return {
    measurements,
    roots: roots ?? pinned,
    ...(revoked !== undefined && { revoked: new Set(revoked.map(revocation)) }),
  };
}

function revocation(text: string): string {
  const [issuer = "", serial = ""] = text.split(":");
  return revocationName(issuer, serial);
}

function bad(name: string, why: string): VerifyError {
  return new VerifyError("BAD_POLICY", `${name} ${why}`);
}
