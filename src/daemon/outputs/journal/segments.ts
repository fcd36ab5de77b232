// SPDX-License-Identifier: Apache-2.0
// The files of the journal: journal-<first sequence number>.jsonl. What is found after a crash: the last line may be cut.
import { closeSync, ftruncateSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { quote } from "../../../base/quote.ts";
import { JournalError } from "../errors.ts";

const NAME = /^journal-(\d{15})\.jsonl$/;
const NEWLINE = 0x0a;
const TAIL_BYTES = 64 * 1024;

/** One file. */
export interface Segment {
  /** Number of its first entry. */
  readonly first: number;
  readonly path: string;
  bytes: number;
}

export function segmentPath(folder: string, first: number): string {
  return join(folder, `journal-${String(first).padStart(15, "0")}.jsonl`);
}

/** Files of the journal, oldest first. */
export function findSegments(folder: string): Segment[] {
  return readdirSync(folder)
    .flatMap((name) => {
      const first = NAME.exec(name)?.[1];
      return first === undefined ? [] : [Number(first)];
    })
    .sort((a, b) => a - b)
    .map((first) => ({ first, path: segmentPath(folder, first), bytes: 0 }));
}

/** What the last file ends with. */
export interface SegmentEnd {
  readonly bytes: number;
  /** Number of the last entry; undefined when there is none. */
  readonly last: number | undefined;
  /** Bytes of a line that was never completed; they are cut off. */
  readonly cutBytes: number;
}

/** Cuts an incomplete last line off. @throws JournalError BAD_JOURNAL */
export function repairEnd(path: string): SegmentEnd {
  const fd = openSync(path, "r+");
  try {
    const { size } = fstatSync(fd);
    const end = lastNewline(fd, size);
    if (end < size) ftruncateSync(fd, end);
    if (end === 0) return { bytes: 0, last: undefined, cutBytes: size };
    const line = lineBefore(fd, end);
    const seq = sequenceOf(line);
    if (seq === undefined) {
      throw new JournalError(
        "BAD_JOURNAL",
        `${quote(path)} does not end in an entry of a journal; move it away, then start the daemon again`,
      );
    }
    return { bytes: end, last: seq, cutBytes: size - end };
  } finally {
    closeSync(fd);
  }
}

const SEQ = /^\{"apiVersion":"galgo\.dev\/v1","seq":(\d+),/;

/** The number in front of a line; undefined when it is no entry. */
export function sequenceOf(line: string): number | undefined {
  const digits = SEQ.exec(line)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Offset behind the last newline before `end`; 0 when there is none. */
function lastNewline(fd: number, end: number): number {
  const chunk = Buffer.alloc(TAIL_BYTES);
  for (let at = end; at > 0; ) {
    const from = Math.max(0, at - TAIL_BYTES);
    const size = readSync(fd, chunk, 0, at - from, from);
    const found = chunk.subarray(0, size).lastIndexOf(NEWLINE);
    if (found >= 0) return from + found + 1;
    at = from;
  }
  return 0;
}

/** The line that ends with the newline before `end`. */
function lineBefore(fd: number, end: number): string {
  const from = lastNewline(fd, end - 1);
  const bytes = Buffer.alloc(end - 1 - from);
  readSync(fd, bytes, 0, bytes.length, from);
  return bytes.toString("utf8");
}
