// SPDX-License-Identifier: Apache-2.0
// Who says it, whether it is the answer to this challenge, and of now: keys, nonce, base, times.
import { quote } from "../../base/quote.ts";
import { sameHex } from "./same-hex.ts";
import type { Evidence } from "../evidence/index.ts";
import type { Findings } from "./findings.ts";
import type { EvidenceKey, VerifierPolicy, VerifyCase, WorkloadRule } from "./types.ts";

/** Whether a key that has signed counts at `now`. */
export function checkKey(
  { name, key, notBefore, notAfter }: EvidenceKey,
  { revokedKeys }: VerifierPolicy,
  now: number,
  found: Findings,
): void {
  const revoked = revokedKeys.get(key.id);
  if (revoked !== undefined) {
    const because = revoked === "" ? "" : `: ${quote(revoked, 200)}`;
    found.refuse("KEY_REVOKED", `the key ${quote(name)} was revoked${because}`);
  }
  // Not `now < notBefore || now > notAfter`: a time that is no number is within nothing.
  if (notBefore !== undefined && !(now >= notBefore)) {
    const from = new Date(notBefore).toISOString();
    found.refuse("KEY_NOT_YET", `the key ${quote(name)} counts from ${from} on`);
  }
  if (notAfter !== undefined && !(now <= notAfter)) {
    const end = new Date(notAfter).toISOString();
    found.refuse("KEY_EXPIRED", `the key ${quote(name)} expired at ${end}`);
  }
}

/** Whether the evidence answers the challenge. */
export function checkNonce(evidence: Evidence, nonce: string | undefined, found: Findings): void {
  if (nonce === undefined) {
    const why = "without the challenge that it has to answer, evidence may be a replay";
    found.refuse("NO_NONCE", why);
  } else if (sameHex(evidence.nonce, nonce)) {
    found.good("instance-identity", "it answers the challenge");
  } else {
    const why = `it answers the nonce ${evidence.nonce}, not ${quote(nonce, 140)}`;
    found.refuse("WRONG_NONCE", why);
  }
}

/** Its times: made lately, and after the run began. */
export function checkTimes(
  { issuedAt, started }: Evidence,
  { freshness }: WorkloadRule,
  now: number,
  found: Findings,
): void {
  const age = now / 1_000 - issuedAt;
  if (started > issuedAt) {
    found.refuse("BAD_TIMES", `the run began ${started - issuedAt} s after the evidence was made`);
  }
  if (!(age >= -freshness.ahead)) {
    const why = `it was made ${seconds(-age)} from now; ${freshness.ahead} s are allowed`;
    found.refuse("FROM_THE_FUTURE", why);
  } else if (!(age <= freshness.seconds)) {
    found.refuse("STALE", `it was made ${seconds(age)} ago; ${freshness.seconds} s are allowed`);
  } else {
    const when = age < 0 ? `${seconds(-age)} ahead of this clock` : `${seconds(age)} ago`;
    found.good("instance-identity", `it was made ${when}`);
  }
}

function seconds(value: number): string {
  return `${Math.round(value)} s`;
}

/** Whether the run began with the base that the verifier gave out. */
export function checkBase(
  { base }: Evidence,
  { freshness }: WorkloadRule,
  wanted: VerifyCase["base"],
  found: Findings,
): void {
  if (freshness.base === "refused" && base !== undefined) {
    found.refuse("WRONG_BASE", `the run began with the base ${base}, and the policy allows none`);
  }
  if (wanted !== undefined) {
    if (base === undefined) {
      found.refuse("NO_BASE", `the run did not begin with the base ${quote(wanted, 140)}`);
    } else if (sameHex(base, wanted)) {
      found.good("instance-identity", "the run began with the base that was given out");
    } else {
      found.refuse("WRONG_BASE", `the run began with the base ${base}, not ${quote(wanted, 140)}`);
    }
  } else if (freshness.base === "required") {
    const why = "the policy wants the run to begin with a base, and nobody said which one";
    found.refuse("NO_BASE", why);
  } else if (base !== undefined) {
    found.gap(`who gave out the base ${base} that the run began with`);
  }
}
