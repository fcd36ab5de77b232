// SPDX-License-Identifier: Apache-2.0
// What is shown of a namespace while it runs, without asking the thread that decides.
export {
  type LiveLatency,
  newHeartbeatBuffer,
  type Pulse,
  readHooks,
  readLatency,
  readPulse,
  readSealedAt,
} from "../heartbeat.ts";
export type { ManagedNamespace, RecordTexts } from "./managed-namespace.ts";
export {
  createMirror,
  type Mirror,
  type MirrorParts,
  type NamespaceInstant,
} from "./mirror.ts";
export { type LivePoints, openLivePoints } from "./open-points.ts";
export { ProgramsWatch } from "../bpf/programs-watch.ts";
export { recordText } from "./record-texts.ts";
export type { SharedPointsLink, SharedPointsReader } from "./shared-points.ts";
