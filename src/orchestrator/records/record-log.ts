// SPDX-License-Identifier: Apache-2.0
// Appends record lines to a file from the hot path: lines wait in memory while events are waiting and are handed
// to the kernel in one write as soon as nothing waits. Once written they survive a kill -9 of Galgo.
import { closeSync, openSync, writeSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import { RecordFileError } from "../errors.ts";
import { MAX_BUFFERED_BYTES } from "../limits.ts";

export interface RecordLog {
  /** Lines appended so far. */
  readonly count: number;
  /** Adds one line (no newline in it). Writes only when too much is waiting. */
  append(line: string): void;
  /** Hands everything that waits to the kernel. @throws RecordFileError WRITE_FAILED */
  flush(): void;
  close(): void;
}

/**
 * Opens `path` for appending (mode 0600), made when absent.
 * @param most bytes that may wait in memory
 * @throws RecordFileError WRITE_FAILED
 */
export function openRecordLog(path: string, most: number = MAX_BUFFERED_BYTES): RecordLog {
  let fd: number;
  try {
    fd = openSync(path, "a", 0o600);
  } catch (error) {
    throw writeFailed(path, error);
  }
  return new FileRecordLog(path, fd, most);
}

class FileRecordLog implements RecordLog {
  count = 0;
  readonly #path: string;
  readonly #most: number;
  #fd: number;
  #waiting = "";

  constructor(path: string, fd: number, most: number) {
    this.#path = path;
    this.#fd = fd;
    this.#most = most;
  }

  append(line: string): void {
    this.#waiting += `${line}\n`;
    this.count += 1;
    if (this.#waiting.length >= this.#most) this.flush();
  }

  flush(): void {
    if (this.#waiting === "") return;
    const bytes = Buffer.from(this.#waiting, "utf8");
    this.#waiting = "";
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      throw writeFailed(this.#path, error);
    }
  }

  close(): void {
    if (this.#fd < 0) return;
    try {
      this.flush();
    } finally {
      closeSync(this.#fd);
      this.#fd = -1;
    }
  }
}

function writeFailed(path: string, cause: unknown): RecordFileError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new RecordFileError(
    "WRITE_FAILED",
    `can not write records to ${quote(path)} (${code}); free space or set GALGO_STATE_DIR to another folder`,
    { cause },
  );
}
