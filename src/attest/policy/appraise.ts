// SPDX-License-Identifier: Apache-2.0
// Whether a signed model is to be trusted under a policy. The signatures come first: what nobody has signed whose key counts today is
// never looked into. Every refusal has its own code, and all that hold are told.
import { quote } from "../../base/quote.ts";
import { modelDigest, ModelError, type WorkloadModel } from "../../model/index.ts";
import type { DigestName, Hasher } from "../../model/hasher.ts";
import type { Envelope } from "../signed/dsse.ts";
import { checkSignatures, type SignatureFinding } from "../signed/envelope-signatures.ts";
import type { Verifier } from "../keys/keys.ts";
import { SignatureError } from "../signed/errors.ts";
import { type DigestSet, isAbout, type ModelStatement, statementOf } from "../signed/statement.ts";
import {
  lineOf,
  ruleFor,
  type TrustedKey,
  type TrustPolicy,
  type TrustRule,
} from "./trust-policy.ts";

/**
 * UNSIGNED: there is no signature. UNKNOWN_KEY: by nobody whom the policy knows. BAD_SIGNATURE: it does not belong to what was signed.
 * KEY_EXPIRED, KEY_NOT_YET, KEY_REVOKED: the key does not count today. BAD_CONTENT: signed, but no model. MODEL_REVOKED: it was taken
 * back. NO_RULE: nobody may sign a model of this name. KEY_NOT_FOR_NAME: another may. TOO_FEW: more signers are wanted.
 * WRONG_MODEL: of another name than asked for. WRONG_SUBJECT: for another image or program. NO_SUBJECT: it is not known for which.
 */
export const MODEL_REFUSALS = [
  "UNSIGNED",
  "UNKNOWN_KEY",
  "BAD_SIGNATURE",
  "KEY_EXPIRED",
  "KEY_NOT_YET",
  "KEY_REVOKED",
  "BAD_CONTENT",
  "MODEL_REVOKED",
  "NO_RULE",
  "KEY_NOT_FOR_NAME",
  "TOO_FEW",
  "WRONG_MODEL",
  "WRONG_SUBJECT",
  "NO_SUBJECT",
] as const;

export type ModelRefusalCode = (typeof MODEL_REFUSALS)[number];

export interface ModelRefusal {
  readonly code: ModelRefusalCode;
  readonly why: string;
}

/** What is asked of a signed model besides a good signature. */
export interface Appraising {
  readonly policy: TrustPolicy;
  readonly verifier: Verifier;
  readonly hasher: (name: DigestName) => Hasher;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Where it came from, for messages; shown as it is. */
  readonly name: string;
  /** Digests of an image or program that the model has to be for, whatever the policy says. */
  readonly subject?: DigestSet;
  /** Digests of the image or program that is to run: asked for only where a rule wants the model to be for it. */
  readonly runs?: () => DigestSet | undefined;
  /** Name of the model that is wanted. */
  readonly model?: string;
}

export type Appraisal =
  | {
      readonly trusted: true;
      readonly model: WorkloadModel;
      readonly statement: ModelStatement;
      /** SHA-256 of the model's canonical bytes. */
      readonly digest: string;
      /** The keys that count, each once. */
      readonly signedBy: readonly TrustedKey[];
    }
  | { readonly trusted: false; readonly refusals: readonly ModelRefusal[] };

type Finding = SignatureFinding<TrustedKey>;

/** Appraises what an envelope holds. Throws nothing for anything that an envelope may hold. */
export function appraiseModel(envelope: Envelope, asked: Appraising): Appraisal {
  const findings = checkSignatures(envelope, asked.policy.keys, asked.verifier);
  const keys = new Set(findings.flatMap(({ found, by }) => (found === "good" && by ? [by] : [])));
  const refused = [...keys].flatMap((key) => {
    const refusal = keyRefusal(key, asked);
    return refusal === undefined ? [] : [{ key, refusal }];
  });
  for (const { key } of refused) keys.delete(key);
  const damaged = findings.filter(({ found }) => found === "bad").map(badSignature);
  if (damaged.length > 0 || keys.size === 0) {
    const others = refused.map(({ refusal }) => refusal);
    const refusals = [...damaged, ...others];
    return { trusted: false, refusals: refusals.length > 0 ? refusals : [unknownKey(findings)] };
  }
  const read = statementOrRefusal(envelope, asked);
  if ("code" in read) return { trusted: false, refusals: [read] };
  return appraiseStatement(
    read,
    [...keys],
    asked,
    refused.map(({ refusal }) => refusal),
  );
}

function appraiseStatement(
  statement: ModelStatement,
  keys: readonly TrustedKey[],
  asked: Appraising,
  keyRefusals: readonly ModelRefusal[],
): Appraisal {
  const model = statement.predicate;
  const digest = modelDigest(model, asked.hasher("sha256"));
  const rule = ruleFor(asked.policy, model.metadata.name);
  const allowed = keys.filter((key) => mayUse(rule, key, asked.policy));
  const signers = signerRefusals(model, rule, { keys, allowed, asked });
  const refusals = [
    ...revokedModel(digest, asked),
    ...signers,
    // They only say why signers are missing: who has enough of them may have old signatures too.
    ...(signers.length > 0 ? keyRefusals : []),
    ...wantedRefusals(statement, rule, asked),
  ];
  if (refusals.length > 0) return { trusted: false, refusals };
  return { trusted: true, model, statement, digest, signedBy: allowed };
}

/** The refusal of a file that is a plain model where a signed one is wanted. */
export function unsignedRefusal(name: string): ModelRefusal {
  return { code: "UNSIGNED", why: `${name} is not signed; sign it with: galgo sign` };
}

function badSignature({ place, by }: Finding): ModelRefusal {
  return {
    code: "BAD_SIGNATURE",
    why: `signature ${place} says that it is of the key ${nameOf(by)}, and is not: the file was changed, or it is of another key`,
  };
}

function unknownKey(findings: readonly Finding[]): ModelRefusal {
  if (findings.length === 0) return { code: "UNSIGNED", why: "there is no signature" };
  const ids = findings.map(({ keyid }) => (keyid === undefined ? "not named" : quote(keyid, 80)));
  return {
    code: "UNKNOWN_KEY",
    why: `no signature is of a key that is trusted (keys: ${[...new Set(ids)].join(", ")})`,
  };
}

function nameOf(key: TrustedKey | undefined): string {
  return key === undefined ? "unknown" : quote(key.name, 80);
}

function keyRefusal(key: TrustedKey, { policy, now }: Appraising): ModelRefusal | undefined {
  const revoked = policy.revokedKeys.get(key.key.id);
  if (revoked !== undefined) {
    return { code: "KEY_REVOKED", why: `the key ${nameOf(key)} was revoked${because(revoked)}` };
  }
  if (key.notBefore !== undefined && now < key.notBefore) {
    const from = new Date(key.notBefore).toISOString();
    return { code: "KEY_NOT_YET", why: `the key ${nameOf(key)} counts from ${from} on` };
  }
  if (key.notAfter !== undefined && now > key.notAfter) {
    const end = new Date(key.notAfter).toISOString();
    return {
      code: "KEY_EXPIRED",
      why: `the key ${nameOf(key)} expired at ${end}; the model has to be signed with a newer one`,
    };
  }
  return undefined;
}

function because(why: string): string {
  return why === "" ? "" : `: ${quote(why, 200)}`;
}

function statementOrRefusal(
  envelope: Envelope,
  { name, hasher }: Appraising,
): ModelStatement | ModelRefusal {
  try {
    return statementOf(envelope, name, hasher);
  } catch (error) {
    if (!(error instanceof SignatureError || error instanceof ModelError)) throw error;
    return { code: "BAD_CONTENT", why: `its signature is good, but ${error.message}` };
  }
}

function mayUse(rule: TrustRule | undefined, key: TrustedKey, policy: TrustPolicy): boolean {
  return rule !== undefined && lineOf(key, policy).some((name) => rule.keys.includes(name));
}

interface Signers {
  /** Whose signature is good and counts today. */
  readonly keys: readonly TrustedKey[];
  /** Those of them that the rule names. */
  readonly allowed: readonly TrustedKey[];
  readonly asked: Appraising;
}

function signerRefusals(
  { metadata }: WorkloadModel,
  rule: TrustRule | undefined,
  { keys, allowed, asked }: Signers,
): readonly ModelRefusal[] {
  const model = quote(metadata.name);
  if (rule === undefined) {
    return [{ code: "NO_RULE", why: `no rule says who may sign a model with the name ${model}` }];
  }
  if (allowed.length === 0) {
    const who = keys.map(nameOf).join(", ");
    const whose = rule.keys.map((name) => quote(name, 80)).join(", ");
    const why = `a model with the name ${model} is to be signed by ${whose}, not by ${who}`;
    return [{ code: "KEY_NOT_FOR_NAME", why }];
  }
  const signers = new Set(allowed.map((key) => lineOf(key, asked.policy).at(-1)));
  if (signers.size >= rule.threshold) return [];
  const why = `a model with the name ${model} wants ${rule.threshold} signers and has ${signers.size}`;
  return [{ code: "TOO_FEW", why }];
}

function revokedModel(digest: string, { policy }: Appraising): readonly ModelRefusal[] {
  const why = policy.revokedModels.get(digest);
  if (why === undefined) return [];
  return [{ code: "MODEL_REVOKED", why: `the model ${digest} was revoked${because(why)}` }];
}

function wantedRefusals(
  statement: ModelStatement,
  rule: TrustRule | undefined,
  { model, subject: wanted, runs }: Appraising,
): readonly ModelRefusal[] {
  const refusals: ModelRefusal[] = [];
  const subject = wanted ?? (rule?.subject === true ? runs?.() : undefined);
  const { name } = statement.predicate.metadata;
  if (model !== undefined && model !== name) {
    const why = `it is the model ${quote(name)}, wanted is ${quote(model, 80)}`;
    refusals.push({ code: "WRONG_MODEL", why });
  }
  if (subject !== undefined && !isAbout(statement, subject)) {
    const given = Object.entries(subject).map(
      ([alg, hex]) => `${quote(alg, 40)}:${quote(hex, 130)}`,
    );
    const why = `it was signed for another image or program than ${given.join(" ")}`;
    refusals.push({ code: "WRONG_SUBJECT", why });
  }
  if (subject === undefined && rule?.subject === true) {
    const why = "the policy wants it to be for what runs, and the digest of that is not known";
    refusals.push({ code: "NO_SUBJECT", why });
  }
  return refusals;
}
