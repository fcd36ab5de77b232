// SPDX-License-Identifier: Apache-2.0
// Reads the lines of a record file piece by piece, however large it is. A last line without its newline is
// what a killed Galgo leaves behind: it is reported, not taken for a record.
import { closeSync, openSync, readSync } from "node:fs";
import { quote } from "../base/quote.ts";
import { RecordFileError } from "./errors.ts";
import { MAX_RECORD_BYTES } from "./limits.ts";

const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** One complete line; `number` counts from 1. */
export interface Line {
  readonly number: number;
  readonly text: string;
}

/** How reading ended. */
export interface ReadEnd {
  /** Bytes after the last newline: the start of a line that was never completed. */
  readonly cutBytes: number;
}

/**
 * The complete, non-empty lines of `path`, in order; returns what was left over.
 * @throws RecordFileError NO_FILE, TOO_LONG
 */
export function* readLines(path: string): Generator<Line, ReadEnd> {
  const fd = open(path);
  try {
    let number = 0;
    let rest: Buffer = Buffer.alloc(0);
    for (const chunk of readChunks(fd)) {
      let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE)) {
        number += 1;
        if (end > 0) yield { number, text: bytes.toString("utf8", 0, end) };
        bytes = bytes.subarray(end + 1);
      }
      if (bytes.length > MAX_RECORD_BYTES) throw tooLong(path, number + 1);
      // a copy: the chunk is filled again
      rest = Buffer.from(bytes);
    }
    return { cutBytes: rest.length };
  } finally {
    closeSync(fd);
  }
}

/** Pieces of a file; each is valid until the next one is asked for. */
function* readChunks(fd: number): Generator<Buffer> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (;;) {
    const size = readSync(fd, chunk, 0, CHUNK_BYTES, null);
    if (size === 0) return;
    yield chunk.subarray(0, size);
  }
}

function open(path: string): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new RecordFileError("NO_FILE", `can not read ${quote(path)} (${code})`, { cause });
  }
}

function tooLong(path: string, line: number): RecordFileError {
  return new RecordFileError(
    "TOO_LONG",
    `${quote(path)}: line ${line} is longer than ${MAX_RECORD_BYTES} bytes; it is not a record file`,
  );
}
