// SPDX-License-Identifier: Apache-2.0
// Appraises evidence under a policy: everything is checked, all that is wrong is told, and only what has nothing wrong is accepted.
// Nothing is read out of a token before its signature is known to be of a key that the policy names.
import { bytesToHex } from "../../base/hex.ts";
import { quote } from "../../base/quote.ts";
import {
  type Evidence,
  type OpenedEvidence,
  openEatCwt,
  openEatJwt,
  TokenError,
  tokenKeysOf,
} from "../evidence/index.ts";
import { checkCounts, provenCoefficients } from "./coefficients.ts";
import { Findings } from "./findings.ts";
import { checkBase, checkKey, checkNonce, checkTimes } from "./fresh.ts";
import { checkPlatform } from "./platform.ts";
import { checkRecord, differenceOf } from "./record.ts";
import { checkReference, type ReferenceFinding, tellState } from "./reference.ts";
import type { Refusal } from "./reasons.ts";
import type {
  Difference,
  EvidenceKey,
  VerifyCase,
  VerifyCrypto,
  VerifyResult,
  WorkloadRule,
} from "./types.ts";
import {
  checkConduct,
  checkFidelity,
  checkOrchestrator,
  checkWorkload,
  ruleOf,
} from "./workload.ts";

/**
 * Appraises a token. Whatever a token, a model or a list of coefficients holds, the answer is a result; what is thrown is a fault of
 * this program or of the cryptography that it was given.
 */
export async function verifyEvidence(
  given: VerifyCase,
  crypto: VerifyCrypto,
): Promise<VerifyResult> {
  const found = new Findings();
  const opened = await open(given, crypto, found);
  const rest = opened === undefined ? {} : await appraise(opened, { given, crypto, found });
  const { source, digest } = given.policy;
  return {
    accepted: opened !== undefined && found.refusals.length === 0,
    refusals: found.refusals,
    checked: found.checked,
    gaps: found.gaps,
    areas: found.areas,
    token: tokenDigest(given.token, crypto),
    policy: { source, digest },
    at: given.now,
    ...rest,
  };
}

/** The result with reasons besides, of whoever knows more than the token and the policy tell. */
export function refusedBesides(result: VerifyResult, refusals: readonly Refusal[]): VerifyResult {
  if (refusals.length === 0) return result;
  return { ...result, accepted: false, refusals: [...refusals, ...result.refusals] };
}

/** SHA-256 of a token as it came, hex: by this results name it. */
export function tokenDigest(
  token: VerifyCase["token"],
  { verifier }: Pick<VerifyCrypto, "verifier">,
): string {
  const bytes = typeof token === "string" ? new TextEncoder().encode(token) : token;
  return bytesToHex(verifier.digest("sha256", bytes));
}

async function open(
  { token, policy }: VerifyCase,
  { verifier }: VerifyCrypto,
  found: Findings,
): Promise<OpenedEvidence | undefined> {
  const keys = tokenKeysOf(
    policy.keys.map(({ key }) => key),
    verifier,
  );
  try {
    return typeof token === "string"
      ? await openEatJwt(token, keys)
      : await openEatCwt(token, keys);
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    found.refuseAs(`TOKEN_${error.code}`, "instance-identity", error.message);
    return undefined;
  }
}

interface Appraising {
  readonly given: VerifyCase;
  readonly crypto: VerifyCrypto;
  readonly found: Findings;
}

type Rest = Omit<
  VerifyResult,
  "accepted" | "refusals" | "checked" | "gaps" | "areas" | "token" | "policy" | "at"
>;

async function appraise(opened: OpenedEvidence, asked: Appraising): Promise<Rest> {
  const { evidence, signature } = opened;
  const { given, found } = asked;
  const signer = given.policy.keys.find(({ key }) => key.id === signature.kid);
  if (signer === undefined) throw new Error("a key that has verified a signature is of the policy");
  const rule = ruleOf(given.policy, evidence.workload.name);
  found.good("instance-identity", `it is signed by the key ${quote(signer.name)}`);
  checkKey(signer, given.policy, given.now, found);
  checkNonce(evidence, given.nonce, found);
  checkWorkload(evidence, given.workload, rule, found);
  checkRecord(evidence, given.record, found);
  const head = {
    evidence,
    signedBy: { name: signer.name, id: signer.key.id, alg: signature.alg },
    platform: evidence.platform.kind,
  };
  if (rule === undefined) {
    const name = quote(evidence.workload.name);
    found.refuse("UNKNOWN_WORKLOAD", `no rule of the policy is for the workload ${name}`);
    return head;
  }
  return { ...head, ...(await appraiseRule(opened, { ...asked, rule, signer })) };
}

interface RuleAppraising extends Appraising {
  readonly rule: WorkloadRule;
  readonly signer: EvidenceKey;
}

async function appraiseRule(
  { evidence, signature }: OpenedEvidence,
  asked: RuleAppraising,
): Promise<Pick<Rest, "files" | "difference">> {
  const { given, crypto, found, rule, signer } = asked;
  if (!rule.keys.includes(signer.name)) {
    const why = `the key ${quote(signer.name)} may not speak for ${quote(evidence.workload.name)}`;
    found.refuse("KEY_NOT_FOR_WORKLOAD", why);
  }
  checkTimes(evidence, rule, given.now, found);
  checkBase(evidence, rule, given.base, found);
  checkConduct(evidence, rule, found);
  checkOrchestrator(evidence, rule, found);
  const reference = checkReference({ evidence, rule, given, crypto, found });
  checkFidelity(evidence, rule, reference.model?.model, found);
  const coefficients = provenCoefficients({ evidence, given, crypto, found }, reference);
  const difference = differenceOf(coefficients, reference, given.record);
  checkCounts(evidence, reference, found);
  const state = excused(reference, difference, { evidence, rule });
  tellState(state, { evidence, crypto, found });
  const { kid } = signature;
  const files = await checkPlatform({ evidence, rule, given, kid, coefficients, crypto, found });
  return {
    ...(files !== undefined && { files }),
    ...(difference !== undefined && { difference }),
  };
}

/**
 * Where the policy allows violations, a state is good that has no more than those besides the reference, when that is proven. What the
 * evidence itself does not count as violations is something else, and hidden.
 */
function excused(
  reference: ReferenceFinding,
  difference: Difference | undefined,
  { evidence, rule }: { readonly evidence: Evidence; readonly rule: WorkloadRule },
): ReferenceFinding {
  if (reference.known || difference === undefined) return reference;
  const { added, missing } = difference.counts;
  const allowed = Math.min(rule.limits.violations, evidence.counts.violations);
  if (missing > 0 || added > allowed) return reference;
  return { ...reference, known: true, excused: added };
}
