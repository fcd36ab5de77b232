// SPDX-License-Identifier: Apache-2.0
// Why evidence is refused: every reason with what it is about and what it means. Reasons of the parts (tokens, signed models, quotes,
// reports) keep their names behind a word for the part, so that a table of refusals can name each.
import type { CcErrorCode } from "../cc/errors.ts";
import type { TokenErrorCode } from "../evidence/index.ts";
import type { ModelRefusalCode } from "../policy/appraise.ts";
import type { ImaReason } from "../ima/index.ts";
import type { QuoteReason } from "../tpm/index.ts";

/** What a reason is about: the claims of a trustworthiness vector (draft-ietf-rats-ar4si) that are appraised here. */
export const AREAS = ["instance-identity", "configuration", "executables", "hardware"] as const;

export type Area = (typeof AREAS)[number];

/** Reasons that are the verifier's own: what each is about, and what it means. */
export const OWN_REASONS = {
  KEY_EXPIRED: ["instance-identity", "the key that signed the evidence counts no longer"],
  KEY_NOT_YET: ["instance-identity", "the key that signed the evidence does not count yet"],
  KEY_REVOKED: ["instance-identity", "the key that signed the evidence was revoked"],
  KEY_NOT_FOR_WORKLOAD: ["instance-identity", "the key may not speak for this workload"],
  NO_NONCE: ["instance-identity", "nobody said which challenge the evidence has to answer"],
  WRONG_NONCE: [
    "instance-identity",
    "it answers another challenge: a replay, or evidence for somebody else",
  ],
  UNKNOWN_CHALLENGE: ["instance-identity", "this verifier has given no such challenge"],
  USED_CHALLENGE: ["instance-identity", "the challenge was answered before: a replay"],
  EXPIRED_CHALLENGE: ["instance-identity", "the answer came later than the challenge allows"],
  STALE: ["instance-identity", "it was made too long ago"],
  FROM_THE_FUTURE: ["instance-identity", "its clock is ahead of the verifier's"],
  BAD_TIMES: ["instance-identity", "its times contradict one another"],
  NO_BASE: [
    "instance-identity",
    "the run has to begin with the verifier's nonce as its base, and did not",
  ],
  WRONG_BASE: ["instance-identity", "the run began with another base"],
  WRONG_WORKLOAD: ["instance-identity", "it is about another workload than was asked about"],
  UNKNOWN_WORKLOAD: ["instance-identity", "no rule of the policy is for this workload"],
  WRONG_IMAGE: ["executables", "the workload is of another image"],
  WRONG_MODE: ["configuration", "the run does not hold the workload in the way that is wanted"],
  NOT_SEALED: [
    "configuration",
    "the model was not sealed: whatever the workload did became part of it",
  ],
  NO_MODEL: ["executables", "the run was started without a model"],
  UNKNOWN_MODEL: ["executables", "the model is none that the policy knows"],
  MODEL_NOT_GIVEN: [
    "executables",
    "the model has to be signed, and nobody has brought the signed file",
  ],
  UNREADABLE_MODEL: ["executables", "a model that was brought can not be read"],
  SIGNATURE_NOT_DEMANDED: ["configuration", "the run did not check the model's signature"],
  WRONG_SIGNER: ["executables", "the run took the model from another signer"],
  WRONG_RULES: ["executables", "behaviours were told apart by other rules than the model's"],
  WRONG_STATE: ["executables", "the workload's behaviour is not the one that is known to be good"],
  WRONG_COUNT: ["executables", "counts and values contradict one another"],
  LOST_EVENTS: ["configuration", "events were lost: what they were is part of no state"],
  VIOLATIONS: ["executables", "the workload did what its model does not have"],
  REFUSED_CALLS: ["executables", "calls of processes that were no longer trusted were refused"],
  WEAK_FIDELITY: ["configuration", "less was seen or held than is wanted"],
  WRONG_SENSOR: ["configuration", "seen by another sensor than is wanted"],
  FLOOR: ["configuration", "a part of the model is guarded by the kernel and so not seen"],
  WRONG_BUILD: ["executables", "the orchestrator is of another build than the known ones"],
  WRONG_TMA: ["configuration", "the model is kept in another place than is wanted"],
  NO_PLATFORM: ["hardware", "no platform vouches for the evidence"],
  WRONG_PLATFORM: ["hardware", "a platform of another kind vouches for the evidence"],
  UNKNOWN_AK: ["hardware", "the attestation key is of no TPM that is known"],
  WEAK_BANK: ["hardware", "PCR values are of SHA-1, or of a bank that is not wanted"],
  MISSING_PCR: ["hardware", "a PCR that is needed is not quoted"],
  UNKNOWN_PCR_VALUE: ["hardware", "a PCR has another value than the known ones"],
  WRONG_AGGREGATE: ["hardware", "the aggregate is not that of the platform which vouches"],
  NOT_EXTENDED: ["hardware", "not all coefficients are in PCR 11"],
  NO_COEFFICIENTS: ["hardware", "the coefficients behind PCR 11 were not reported"],
  WRONG_COEFFICIENTS: ["executables", "the coefficients that were reported do not make the values"],
  WRONG_PCR_11: ["hardware", "PCR 11 is not what the coefficients make"],
  WRONG_START: ["hardware", "PCR 11 did not begin with a known value"],
  PLATFORM_FAILURE: ["hardware", "the orchestrator says that PCR 11 is not to be relied on"],
  NO_IMA: ["hardware", "the kernel's measurement list is wanted and was not given"],
  WRONG_RECORD: ["executables", "the record is not that of the run which the evidence is about"],
  HIDDEN_LOSS: [
    "configuration",
    "the record tells of lost events that the evidence does not count",
  ],
  HIDDEN_VIOLATIONS: [
    "executables",
    "the record tells of violations that the evidence does not count",
  ],
} as const;

export type OwnReason = keyof typeof OWN_REASONS;

export type Reason =
  | OwnReason
  /** The token: what it is made of, its key, its signature. */
  | `TOKEN_${TokenErrorCode}`
  /** The signed model that was brought for it. */
  | `MODEL_${ModelRefusalCode}`
  /** The TPM's quote. */
  | `QUOTE_${QuoteReason}`
  /** The kernel's measurement list, which the quote vouches for. */
  | `IMA_${ImaReason}`
  /** The report of a confidential machine. */
  | `REPORT_${CcErrorCode}`;

/** One reason. */
export interface Refusal {
  readonly reason: Reason;
  readonly area: Area;
  /** What exactly, for people; text from outside is quoted. */
  readonly why: string;
}

/** A refusal for a reason of the verifier's own. */
export function refusal(reason: OwnReason, why: string): Refusal {
  return { reason, area: OWN_REASONS[reason][0], why };
}
