// SPDX-License-Identifier: Apache-2.0
// The kernel's measurement lists (IMA): read, replayed, judged. No cryptography is in here: digests come from outside.
export {
  BOOT_AGGREGATE,
  bootAggregate,
  type BootVerdict,
  checkBootAggregate,
} from "./aggregate.ts";
export {
  appraiseIma,
  IMA_REASONS,
  type ImaCase,
  type ImaReason,
  type ImaRefusal,
  type ImaResult,
} from "./appraise.ts";
export { parseAsciiList } from "./ascii.ts";
export { parseBinaryList } from "./binary.ts";
export { ImaError, type ImaErrorCode } from "./errors.ts";
export { type FileFinding, type FileStatus, findFiles, imaPath, type WantedFile } from "./files.ts";
export {
  formatImaReference,
  type ImaReference,
  mergeReferences,
  parseImaReference,
} from "./reference.ts";
export { imaFaults, type ImaMatch, matchIma, replayIma } from "./replay.ts";
export {
  type FileDigest,
  IMA_BANKS,
  IMA_PCR,
  type ImaBank,
  type ImaDigest,
  type ImaEntry,
  type ImaList,
} from "./types.ts";
