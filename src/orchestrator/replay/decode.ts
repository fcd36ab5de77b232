// SPDX-License-Identifier: Apache-2.0
// One record of a stream as an event: records of TSEM kernels, and those that Galgo writes itself, which are JSON throughout.
import { parseRecord, readTsemRecord } from "../../event/index.ts";
import type { SecurityEvent, TsemDialect, TsemRecord } from "../../event/index.ts";
import type { MappingName } from "../../model/index.ts";
import { GALGO_START, readableText } from "../../sensor/replay/index.ts";
import { splitMark } from "../records/marks.ts";
import type { Mark } from "../records/marks.ts";

/** A record of a TSEM kernel, or one that Galgo wrote: with its mark when it is from forensics. */
export type StreamRecord =
  | TsemRecord
  | { readonly kind: "galgo"; readonly event: SecurityEvent; readonly mark: Mark | undefined };

/** By whose rules records are read for a mapping: its coefficients depend on them. */
export const DIALECTS: Readonly<Record<MappingName, TsemDialect>> = {
  "tsem-v4": "kernel",
  "quixote-2025": "quixote",
  "quixote-2024": "quixote-2024",
};

/**
 * Reads a record.
 * @param bytes the record as latin1 text, one character a byte, with or without the CR of a CR LF
 * @throws RecordError
 */
export function decodeRecord(bytes: string, dialect: TsemDialect): StreamRecord {
  const text = readableText(bytes);
  if (!text.startsWith(GALGO_START)) return readTsemRecord(text, { dialect });
  const { record, mark } = splitMark(text);
  return { kind: "galgo", event: parseRecord(record), mark };
}
