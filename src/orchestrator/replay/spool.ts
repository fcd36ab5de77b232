// SPDX-License-Identifier: Apache-2.0
// Records that will become a file if all goes well. Until then they lie in a temporary file that has no name any more, so that nothing is
// left of it whatever ends Galgo.
import { closeSync, mkdtempSync, openSync, readSync, renameSync, rmSync, writeSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { quote } from "../../base/quote.ts";
import { RecordFileError } from "../errors.ts";
import { replaceable } from "../state-dir.ts";
import { MAX_BUFFERED_BYTES } from "../limits.ts";

const COPY_BYTES = 256 * 1024;

export class Spool {
  readonly #fd: number;
  #waiting = "";

  /** Throws `RecordFileError` WRITE_FAILED when there is no room for temporary files. */
  constructor() {
    this.#fd = guarded("a temporary file", () => {
      const folder = mkdtempSync(join(tmpdir(), "galgo-records-"));
      try {
        return openSync(join(folder, "records"), "wx+", 0o600);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }

  /** Adds one line (no newline in it). */
  append(line: string): void {
    this.#waiting += `${line}\n`;
    if (this.#waiting.length >= MAX_BUFFERED_BYTES) this.#flush();
  }

  /** Writes everything to `path`: readers see the old file or the whole new one. Throws `RecordFileError` WRITE_FAILED. */
  copyTo(path: string): void {
    this.#flush();
    guarded(quote(path), () => {
      const target = replaceable(path);
      const temporary = join(dirname(target), `.${randomBytes(6).toString("hex")}.galgo-tmp`);
      try {
        copy(this.#fd, temporary);
        renameSync(temporary, target);
      } catch (error) {
        rmSync(temporary, { force: true });
        throw error;
      }
    });
  }

  close(): void {
    closeSync(this.#fd);
  }

  #flush(): void {
    const bytes = Buffer.from(this.#waiting, "utf8");
    this.#waiting = "";
    guarded("a temporary file", () => writeWhole(this.#fd, bytes));
  }
}

function copy(from: number, path: string): void {
  const to = openSync(path, "wx", 0o600);
  try {
    const buffer = Buffer.allocUnsafe(COPY_BYTES);
    for (let at = 0; ; ) {
      const size = readSync(from, buffer, 0, COPY_BYTES, at);
      if (size === 0) return;
      writeWhole(to, buffer.subarray(0, size));
      at += size;
    }
  } finally {
    closeSync(to);
  }
}

function writeWhole(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

function guarded<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const problem = `can not write records to ${what} (${code})`;
    throw new RecordFileError("WRITE_FAILED", problem, { cause });
  }
}
