// SPDX-License-Identifier: Apache-2.0
// Follows a file that grows: its complete lines from an offset on, a bounded piece at a time.
import { closeSync, openSync, readSync } from "node:fs";
import { PULL_BYTES } from "../limits.ts";

const NEWLINE = 0x0a;

/** A complete line. */
export interface TailLine {
  readonly text: string;
  /** Offset behind its newline. */
  readonly end: number;
}

/** What was read. */
export interface TailPiece {
  readonly lines: readonly TailLine[];
  /** There may be more. */
  readonly more: boolean;
}

const NOTHING: TailPiece = { lines: [], more: false };

/**
 * The next lines of `path` behind `offset`. A file that is not there yet has none; neither has an incomplete last line.
 * @param maxLineBytes a longer line is a fault of the file
 * @throws RangeError when a line is longer; Error of the file system
 */
export function tailOf(path: string, offset: number, maxLineBytes: number): TailPiece {
  const fd = openOrNot(path);
  if (fd === undefined) return NOTHING;
  try {
    for (let room = PULL_BYTES; ; room *= 2) {
      const bytes = Buffer.alloc(room);
      const size = readSync(fd, bytes, 0, room, offset);
      const end = bytes.subarray(0, size).lastIndexOf(NEWLINE) + 1;
      if (end > 0) return { lines: linesOf(bytes.subarray(0, end), offset), more: size === room };
      if (size < room) return NOTHING;
      if (room > maxLineBytes) throw new RangeError(`a line is longer than ${maxLineBytes} bytes`);
    }
  } finally {
    closeSync(fd);
  }
}

function openOrNot(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function linesOf(bytes: Buffer, offset: number): TailLine[] {
  const lines: TailLine[] = [];
  for (let from = 0; from < bytes.length; ) {
    const to = bytes.indexOf(NEWLINE, from);
    lines.push({ text: bytes.toString("utf8", from, to), end: offset + to + 1 });
    from = to + 1;
  }
  return lines;
}
