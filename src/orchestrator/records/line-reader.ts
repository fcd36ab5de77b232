// SPDX-License-Identifier: Apache-2.0
// Reads the lines of a record file piece by piece, however large it is; one that is compressed by gzip as a whole. A last line without its newline is
// what a killed Galgo leaves behind: it is reported, not taken for a record.
import { closeSync, openSync, readSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { quote } from "../../base/quote.ts";
import { RecordFileError } from "../errors.ts";
import { MAX_RECORD_BYTES, MAX_UNPACKED_BYTES } from "../limits.ts";

const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;
const GZIP_MAGIC = [0x1f, 0x8b] as const;

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
    for (const chunk of unpacked(readChunks(fd), path)) {
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

/** The same pieces, unpacked when they are gzip data, which its first bytes say. */
function* unpacked(chunks: Iterable<Buffer>, path: string): Generator<Buffer> {
  const packed: Buffer[] = [];
  let size = 0;
  let first = true;
  for (const chunk of chunks) {
    if (first && !GZIP_MAGIC.every((byte, at) => chunk[at] === byte)) {
      yield chunk;
      yield* chunks;
      return;
    }
    first = false;
    size += chunk.length;
    if (size > MAX_UNPACKED_BYTES) throw tooLarge(path);
    packed.push(Buffer.from(chunk));
  }
  if (packed.length > 0) yield gunzip(Buffer.concat(packed), path);
}

function gunzip(bytes: Buffer, path: string): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(path);
    const why =
      code === "Z_BUF_ERROR"
        ? "stops before its end: it was cut"
        : `is damaged (${quote(message, 120)})`;
    throw new RecordFileError("BAD_RECORD", `${quote(path)} is compressed by gzip and ${why}`, {
      cause,
    });
  }
}

function tooLarge(path: string): RecordFileError {
  return new RecordFileError(
    "TOO_LONG",
    `${quote(path)} has more than ${MAX_UNPACKED_BYTES} bytes when it is unpacked; galgo replay reads streams of any length`,
  );
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
