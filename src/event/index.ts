// SPDX-License-Identifier: Apache-2.0
// Security events: the vocabulary, their form as records, their form in words.
export { addressWords, portOf, socketWords } from "./address-words.ts";
export type {
  DentryId,
  DeviceId,
  FileId,
  InodeId,
  PathId,
} from "./cell/file.ts";
export type { IpcPermId } from "./cell/ipc.ts";
export type { SockAddr, SockId } from "./cell/socket.ts";
export type { CredsId } from "./cell/task.ts";
export type { Coe } from "./coe.ts";
export { DECIDES_ATOMIC } from "./features.ts";
export type {
  CellByHook,
  EventBase,
  EventOf,
  HookName,
  SecurityEvent,
  TaskIdentity,
} from "./event.ts";
export { CAPABILITIES, FAMILIES } from "./names-table.ts";
export { HOOK_NAMES, HOOKS, type HookInfo, isHookName } from "./hooks.ts";
export {
  MAX_DIGEST_BYTES,
  MAX_LIST,
  MAX_RECORD_CHARS,
  MAX_S_ID_BYTES,
  MAX_TEXT_CHARS,
} from "./limits.ts";
export type { ProgramNames } from "./program-names.ts";
export { parseRecord } from "./read-record.ts";
export { shown, writeRecord } from "./record.ts";
export { RecordError, type RecordErrorCode } from "./record-error.ts";
export {
  GALGO_START,
  type LineSink,
  type Found,
  type Piece,
  type Place,
  RecordJoiner,
  type RecordSink,
  STREAM_START,
} from "./stream/joiner.ts";
export { MAX_LINE_BYTES } from "./stream/limits.ts";
export { type Latin1Text, LineSplitter } from "./stream/lines.ts";
export { readableText } from "./stream/text.ts";
export { asKernelTells, fileAsKernelTells } from "./tsem/as-kernel-tells.ts";
export { flatRecord } from "./tsem/flat.ts";
export { type LineState, recordState } from "./tsem/kernel.ts";
export { type JoinedState, joinedState } from "./tsem/lines.ts";
export { type RecordParts, recordParts } from "./tsem/parts.ts";
export { isModelled as isModelledByQuixote } from "./tsem/quixote-cell.ts";
export { quixoteText } from "./tsem/quixote-text.ts";
export { readTsemRecord, type TsemReadOptions } from "./tsem/read.ts";
export type { TsemDialect, TsemRecord } from "./tsem/tsem-record.ts";
export { exportedRecord, writeTsemRecord } from "./tsem/write.ts";
export { isUntold } from "./untold.ts";
export { describeEvent } from "./words.ts";
