// SPDX-License-Identifier: Apache-2.0
// What an attack is, for the table of refusals, and how evidence is bent for one.
import type { Evidence, TpmEvidence } from "../../../src/attest/evidence/index.ts";
import type { Reason } from "../../../src/attest/verify/reasons.ts";
import type { VerifyCase } from "../../../src/attest/verify/types.ts";
import { type Attested, attested, caseOf, type Scene, vouched } from "../../helpers/attested.ts";

/** Attacks that a verifier is known for refusing; each of them has a reason that none of the others has. */
export const KINDS = [
  "replay",
  "stale nonce",
  "swapped model",
  "other workload's evidence",
  "flipped bit",
  "truncated token",
  "alg=none",
  "wrong PCR",
  "unsigned model",
  "expired key",
  "lost events hidden",
] as const;

export type Kind = (typeof KINDS)[number];

export interface Attack {
  readonly what: string;
  readonly given: () => Promise<VerifyCase>;
  /** All that are given; the first is the attack's own. */
  readonly reasons: readonly [Reason, ...Reason[]];
  /** The attack is the plainest of its kind. */
  readonly kind?: Kind;
}

export const HONEST: Attested = attested();

/** The honest evidence, handed over otherwise. */
export const handed =
  (changes: Partial<VerifyCase>): Attack["given"] =>
  () =>
    caseOf(HONEST, changes);

/** Another scene, honestly told. @param changes of what the verifier is given, from what was made */
export const told =
  (
    scene: Partial<Scene>,
    changes: (made: Attested) => Partial<VerifyCase> = () => ({}),
  ): Attack["given"] =>
  () => {
    const made = attested(scene);
    return caseOf(made, changes(made));
  };

/** By who has the key of the token and no TPM: the claims are changed beside a quote that was made for others. */
export const moved =
  (changes: Partial<Evidence>): Attack["given"] =>
  () =>
    caseOf({ ...HONEST, evidence: { ...HONEST.evidence, ...changes } });

/** By who has both: the quote is of a real TPM and for these claims. */
export const vouchedFor =
  (changes: Partial<Evidence>, given: Partial<VerifyCase> = {}): Attack["given"] =>
  () => {
    const claims = { ...HONEST.evidence, ...changes };
    const { start, extended } = tpmOf(HONEST.evidence);
    const platform = {
      ...tpmOf({ ...claims, platform: vouched(claims, HONEST) }),
      start,
      extended,
    };
    return caseOf({ ...HONEST, evidence: { ...claims, platform } }, given);
  };

/** The platform's part with something changed in it, signed. */
export const platformWith =
  (changes: Partial<TpmEvidence>): Attack["given"] =>
  () =>
    caseOf({
      ...HONEST,
      evidence: { ...HONEST.evidence, platform: { ...tpmOf(HONEST.evidence), ...changes } },
    });

export function tpmOf({ platform }: Pick<Evidence, "platform">): TpmEvidence {
  if (platform.kind === "tpm") return platform;
  throw new Error("the evidence of a test has a TPM");
}
