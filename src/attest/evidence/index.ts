// SPDX-License-Identifier: Apache-2.0
// Evidence: its claims, and the two tokens that carry them. No cryptography is in here: keys come from outside.
export { decodeBase64url, encodeBase64url } from "../encoding/strict-base64.ts";
export { decodeJson, encodeJson, type JsonValue } from "./canonical-json.ts";
export { evidenceToCbor, evidenceToJson, platformBinding } from "./claims.ts";
export { isImageDigest } from "./consistent.ts";
export { EAT_CWT_TYPE, openEatCwt, signEatCwt } from "./eat-cwt.ts";
export { EAT_JWT_TYPE, type OpenedEvidence, openEatJwt, signEatJwt } from "./eat-jwt.ts";
export { TokenError, type TokenErrorCode } from "./errors.ts";
export { tokenAlg, tokenKeyOf, tokenKeysOf, tokenSignerOf } from "./key-tokens.ts";
export { type OpenedToken, openJws, signJws } from "./jws.ts";
export { noPlatform, type Platform, type PlatformProver } from "./platform-prover.ts";
export {
  TOKEN_ALGORITHMS,
  type TokenAlgorithm,
  type TokenKey,
  type TokenKeys,
  type TokenSignature,
  type TokenSigner,
} from "./token-keys.ts";
export type {
  Evidence,
  EvidenceCounts,
  EvidenceFidelity,
  EvidenceFloor,
  EvidenceMode,
  EvidenceModel,
  EvidenceOrchestrator,
  EvidenceRules,
  EvidenceTma,
  EvidenceWorkload,
  NoPlatform,
  PcrValue,
  PlatformEvidence,
  ReportEvidence,
  TpmEvidence,
} from "./types.ts";
export { EVIDENCE_PROFILE } from "./types.ts";
