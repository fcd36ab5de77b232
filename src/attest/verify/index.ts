// SPDX-License-Identifier: Apache-2.0
// The verifier: evidence, a policy, and what the one says under the other. No cryptography is in here: it comes from outside.
export { splitCoefficients } from "./coefficients.ts";
export {
  EAR_PROFILE,
  EAR_TYPE,
  earClaims,
  type EarTerms,
  openResult,
  signResult,
} from "./ear.ts";
export { MAX_BROUGHT_MODELS, MAX_COEFFICIENTS } from "./limits.ts";
export { VerifyError, type VerifyErrorCode } from "./errors.ts";
export { type PolicyReading, readVerifierPolicy } from "./policy-file.ts";
export {
  type VerifierPolicyFile,
  verifierPolicySchema,
  VERIFIER_API_VERSION,
  VERIFIER_KIND,
} from "./policy-form.ts";
export {
  type Area,
  AREAS,
  OWN_REASONS,
  type OwnReason,
  type Reason,
  type Refusal,
  refusal,
} from "./reasons.ts";
export type {
  Behaviour,
  Difference,
  NamedText,
  RunRecord,
  VerifierPolicy,
  VerifyCase,
  VerifyCrypto,
  VerifyResult,
  WorkloadRule,
} from "./types.ts";
export { looksLikeToken, tokenOfBytes } from "./token-bytes.ts";
export { refusedBesides, tokenDigest, verifyEvidence } from "./verify.ts";
