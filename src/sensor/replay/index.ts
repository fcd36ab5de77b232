// SPDX-License-Identifier: Apache-2.0
// The replay sensor: recorded streams, from bytes to records.
export { StreamError } from "./errors.ts";
export { replayFidelity } from "./fidelity.ts";
export {
  GALGO_START,
  type Piece,
  type Place,
  RecordJoiner,
  type RecordSink,
  STREAM_START,
} from "./joiner.ts";
export { LineSplitter, type LineSink } from "./lines.ts";
export { MAX_LINE_BYTES } from "./limits.ts";
export { readableText } from "./text.ts";
export { type ByteSource, openSource } from "./source.ts";
