// SPDX-License-Identifier: Apache-2.0
// Reads trajectory.jsonl and forensics.jsonl back: events, their marks, and who the actors are.
import { quote } from "../../base/quote.ts";
import { RecordError, parseRecord, readTsemRecord } from "../../event/index.ts";
import type { SecurityEvent } from "../../event/index.ts";
import { GALGO_START, STREAM_START } from "../../sensor/replay/index.ts";
import { Actors, isIdentity } from "./actors.ts";
import { SEQUENCE_START } from "./sequence-log.ts";
import { RecordFileError } from "../errors.ts";
import { readLines } from "./line-reader.ts";
import { splitMark } from "./marks.ts";
import type { LearnedMark, Mark } from "./marks.ts";

/** A record as it stands in a file. */
export interface FileRecord {
  readonly line: number;
  readonly text: string;
  readonly event: SecurityEvent;
  readonly mark: Mark | undefined;
  /** In the records beside a model. */
  readonly learned?: LearnedMark;
}

/** A line that begins a run in the records beside a model, or one that says in which order its events came. */
export interface RunHeader {
  readonly line: number;
  readonly text: string;
}

const HEADER_START = '{"run":';

/** How reading ended: `cutBytes` of a last line that was never completed. */
export interface RecordsEnd {
  readonly cutBytes: number;
}

/**
 * The records of a file, one by one, without the headers of runs; a cut last line is no record, its size is returned.
 * @throws RecordFileError NO_FILE, TOO_LONG, BAD_RECORD (with the line and what is wrong with it)
 */
export function* readRecords(path: string): Generator<FileRecord, RecordsEnd> {
  const entries = readEntries(path);
  for (let step = entries.next(); ; step = entries.next()) {
    if (step.done === true) return step.value;
    if ("event" in step.value) yield step.value;
  }
}

/** As `readRecords`, with the headers of runs. */
export function* readEntries(path: string): Generator<FileRecord | RunHeader, RecordsEnd> {
  const lines = readLines(path);
  for (let step = lines.next(); ; step = lines.next()) {
    if (step.done === true) return step.value;
    const { number: line, text } = step.value;
    if (text.startsWith(HEADER_START) || text.startsWith(SEQUENCE_START)) {
      yield { line, text };
      continue;
    }
    const { record, ...marks } = splitMark(text);
    const event = parse(record, path, line);
    if (event !== undefined) yield { line, text, event, ...marks };
  }
}

/**
 * One line of a file of records, without its number; undefined when it describes no event.
 * @throws RecordError
 */
export function readRecordText(text: string): Omit<FileRecord, "line"> | undefined {
  const { record, ...marks } = splitMark(text);
  const event = eventOf(record);
  return event === undefined ? undefined : { text, event, ...marks };
}

/** undefined: a record of a TSEM kernel that describes no event. */
function eventOf(record: string): SecurityEvent | undefined {
  if (!STREAM_START.test(record) || record.startsWith(GALGO_START)) return parseRecord(record);
  const read = readTsemRecord(record);
  return "event" in read ? read.event : undefined;
}

function parse(record: string, path: string, line: number): SecurityEvent | undefined {
  try {
    return eventOf(record);
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    throw new RecordFileError("BAD_RECORD", `${quote(path)}: line ${line}: ${error.message}`, {
      cause: error,
    });
  }
}

/** Sentence about a cut last line, or undefined. */
export function cutNotice(path: string, end: RecordsEnd): string | undefined {
  if (end.cutBytes === 0) return undefined;
  return `${quote(path)} ends in an incomplete record (${end.cutBytes} bytes), which was left out: Galgo was killed while writing it`;
}

/** Everything of a record file that is short enough to hold. */
export interface RecordSet {
  readonly records: readonly FileRecord[];
  readonly actors: Actors;
  readonly cutBytes: number;
}

/** Reads a whole file; identity records go to `actors` (also those of earlier files that are given). */
export function loadRecords(path: string, actors: Actors = new Actors()): RecordSet {
  const records: FileRecord[] = [];
  const reader = readRecords(path);
  for (let step = reader.next(); ; step = reader.next()) {
    if (step.done === true) return { records, actors, cutBytes: step.value.cutBytes };
    if (isIdentity(step.value.event)) actors.add(step.value.event);
    else records.push(step.value);
  }
}
