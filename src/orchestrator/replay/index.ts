// SPDX-License-Identifier: Apache-2.0
// Replaying recorded streams.
export { decodeRecord, DIALECTS, type StreamRecord } from "./decode.ts";
export { MAX_REPORTED, MAX_REPORTED_VIOLATIONS } from "./limits.ts";
export {
  type ReplayEnd,
  type ReplayProgress,
  type ReplayRequest,
  replayStream,
  type ReplayWatcher,
} from "./replay.ts";
export type { LostRecord, RecordCounts, ReplayResult } from "./replayer.ts";
export { freeRules, rulesOfModel, type WantedRules } from "./rules.ts";
export { StreamError } from "../../sensor/replay/index.ts";
