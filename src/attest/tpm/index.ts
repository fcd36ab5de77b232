// SPDX-License-Identifier: Apache-2.0
// What the bytes of a TPM say and whether they are to be believed. Pure: cryptography comes as a value.
export type { TpmCurve, TpmHash } from "./algorithms-table.ts";
export { ALG, ATTRIBUTE, CURVE_P256, HANDLE, HASH_SIZES } from "./algorithms-table.ts";
export type { TpmQuote } from "./attest-data.ts";
export { parseQuote } from "./attest-data.ts";
export type { QuoteCase, QuoteReason, QuoteRefusal, QuoteResult } from "./check-quote.ts";
export { checkQuote } from "./check-quote.ts";
export type { Challenge, Credential } from "./credential.ts";
export { challengeFor, makeCredential } from "./credential.ts";
export type {
  CredentialCrypto,
  SignatureCheck,
  TpmCrypto,
  TpmEccKey,
  TpmKey,
  TpmRsaKey,
  TpmScheme,
} from "./crypto.ts";
export type {
  Authorities,
  EndorsementErrorCode,
  EndorsementFacts,
  EndorsementTrust,
} from "./endorsement.ts";
export {
  EndorsementError,
  isCertificateOf,
  readAuthorities,
  verifyEndorsement,
} from "./endorsement.ts";
export type {
  EnrollmentErrorCode,
  IssuedChallenge,
  PaperKind,
  TpmChallenge,
  TpmChallengeAnswer,
  TpmEnrollment,
  TpmExpectation,
} from "./enrollment.ts";
export {
  akNameOf,
  EnrollmentError,
  isExpected,
  issueChallenge,
  readPaper,
  writePaper,
} from "./enrollment.ts";
export { TpmFormatError } from "./errors.ts";
export type { TpmJwk } from "./jwk.ts";
export { jwkOf } from "./jwk.ts";
export { MAX_NONCE_BYTES, PCR_COUNT } from "./limits.ts";
export type { PcrBank, PcrSelection } from "./pcr.ts";
export {
  AGGREGATE_PCRS,
  aggregateInput,
  aggregateOf,
  COEFFICIENT_PCR,
  encodeSelection,
  fitToBank,
  pcrDigest,
  pcrsOf,
  readSelections,
  replayPcr,
} from "./pcr.ts";
export type { TpmPublic } from "./public-area.ts";
export {
  isAttestationKey,
  isEndorsementKey,
  nameOf,
  parsePublic,
  qualifiedNameOf,
} from "./public-area.ts";
export type { TpmSignature } from "./signature.ts";
export { parseSignature, verifySignature } from "./signature.ts";
export { concat, sameBytes, TpmReader, TpmWriter } from "./wire.ts";
