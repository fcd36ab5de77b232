// SPDX-License-Identifier: Apache-2.0
// Evidence of runs: made in here alone, whoever asks.
export { type AttestedNamespace, Attester, type AttesterParts } from "./attester.ts";
export { type OwnBuild, ownBuild } from "./build.ts";
export type { AttestedRun } from "./claims.ts";
export { AttestError, type AttestErrorCode } from "./errors.ts";
export {
  type AttestAnswer,
  attestAnswerOf,
  type AttestOrder,
  EVIDENCE_FORMS,
  type EvidenceForm,
  parseAttestOrder,
  readNonce,
  writeEvidence,
} from "./order.ts";
export {
  openPlatform,
  PLATFORM_KINDS,
  type PlatformChoice,
  type PlatformKind,
} from "./platforms.ts";
export { askRun } from "./socket.ts";
