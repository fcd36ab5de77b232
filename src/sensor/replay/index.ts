// SPDX-License-Identifier: Apache-2.0
// The replay sensor: recorded streams, from bytes to records.
export { StreamError } from "./errors.ts";
export { replayFidelity } from "./fidelity.ts";
export { bufferText } from "./lines.ts";
export { type ByteSource, openSource } from "./source.ts";
export {
  GALGO_START,
  type LineSink,
  MAX_LINE_BYTES,
  type Found,
  type Piece,
  type Place,
  readableText,
  RecordJoiner,
  type RecordSink,
  STREAM_START,
} from "../../event/index.ts";
