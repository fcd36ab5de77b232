// SPDX-License-Identifier: Apache-2.0
// The records of a run as a console reads them: events of trajectory.jsonl and forensics.jsonl in the text form of a TSEM kernel, without the
// marks and the identity records that Galgo has in these files. The files are read anew for each request, piece by piece: nothing of them is kept in memory.
import { existsSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { parseRecord, RecordError, writeTsemRecord } from "../../event/index.ts";
import { readLines } from "../records/line-reader.ts";
import { splitMark } from "../records/marks.ts";
import { LINES_A_TURN } from "./limits.ts";
import type { RecordTexts } from "./managed-namespace.ts";

/** Which records of a file are meant: those that extended the model, those outside of it, those of untrusted processes. */
export type RecordChoice = "extended" | "violation" | "refused";

// Quotation marks inside of texts are escaped in records, so this can only be the member itself.
const IDENTITY = '"type": "bprm_committed_creds"';

/** The records of `path` that stand in it now. @throws RecordFileError, also while lines are taken */
export async function recordTexts(path: string, choice: RecordChoice): Promise<RecordTexts> {
  let count = 0;
  for (const _ of chosen(path, choice)) {
    count += 1;
    // this thread also kills workloads
    if (count % LINES_A_TURN === 0) await turn();
  }
  return { count, lines: () => first(count, chosen(path, choice)) };
}

/** A record that this version can not read is shown as it stands in the file. */
function tsemText(record: string): string {
  try {
    return writeTsemRecord({ kind: "trajectory", event: parseRecord(record) });
  } catch (error) {
    if (error instanceof RecordError) return record;
    throw error;
  }
}

function* first(count: number, texts: Iterable<string>): Generator<string> {
  if (count === 0) return;
  let left = count;
  for (const text of texts) {
    yield tsemText(text);
    left -= 1;
    if (left === 0) return;
  }
}

function* chosen(path: string, choice: RecordChoice): Generator<string> {
  // the thread that writes it may not have begun
  if (!existsSync(path)) return;
  for (const { text } of readLines(path)) {
    const record = choose(text, choice);
    if (record !== undefined) yield record;
  }
}

/** The record of a line of a file, without its mark, when it is meant. */
function choose(line: string, choice: RecordChoice): string | undefined {
  if (choice === "extended") return line.includes(IDENTITY) ? undefined : splitMark(line).record;
  const { record, mark } = splitMark(line);
  return mark?.kind === choice ? record : undefined;
}

/** One line of a file of records as a console reads it; undefined when it is not of that choice. */
export function recordText(line: string, choice: RecordChoice): string | undefined {
  const record = choose(line, choice);
  return record === undefined ? undefined : tsemText(record);
}
