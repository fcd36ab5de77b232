// SPDX-License-Identifier: Apache-2.0
// Reads records from the export file of a namespace: one record a read, back to position 0 after each, ENODATA when
// nothing waits, and no bytes at all never.
import { isAscii } from "node:buffer";
import { constants, openSync } from "node:fs";
import { decodePath } from "../../base/path-text.ts";
import { quote } from "../../base/quote.ts";
import { readInto, rewind } from "../../native/tsem.ffi.ts";
import { TsemError } from "./errors.ts";
import { MAX_RECORD_BYTES, READ_BYTES } from "./limits.ts";

const NEWLINE = 0x0a;
/** How every record begins: what a further read gives then is the next one, not the rest of a long one. */
const BEGINNING = Buffer.from('{"export": ');

/** @returns a descriptor, or the errno's name */
export function openExport(path: string): number | string {
  try {
    return openSync(path, constants.O_RDONLY);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

export class ExportFile {
  readonly fd: number;
  readonly #path: string;
  #buffer: Buffer = Buffer.allocUnsafe(READ_BYTES);
  /** A record that arrived while the rest of another one was looked for. */
  #early: string | undefined;

  constructor(fd: number, path: string) {
    this.fd = fd;
    this.#path = path;
  }

  /**
   * The next record as text without its newline (bytes that are not UTF-8 as in base/path-text.ts), undefined when none waits.
   * A record without a newline at its end was cut by the kernel.
   * @throws TsemError BAD_EXPORT
   */
  next(): string | undefined {
    const early = this.#early;
    if (early !== undefined) {
      this.#early = undefined;
      return early;
    }
    const length = this.#read(0);
    if (length === undefined) return undefined;
    const text = this.#buffer[length - 1] === NEWLINE ? this.#text(0, length) : this.#rest(length);
    this.#toBeginning();
    return text;
  }

  /** Bytes of one read, or undefined: none waits. */
  #read(at: number): number | undefined {
    let got = readInto(this.fd, this.#buffer, at);
    while (got === "EINTR") got = readInto(this.fd, this.#buffer, at);
    if (typeof got === "number" && got > 0) return got;
    // no bytes are the end of a long record; instead of a record they are nothing that the kernel ever gives
    if (got === "ENODATA" || at > 0) return undefined;
    const what = got === 0 ? "no bytes and no error" : String(got);
    throw new TsemError("BAD_EXPORT", `reading ${quote(this.#path)} gave ${what}`, {
      facts: { errno: got },
    });
  }

  /** Reads on where the record goes on: it was longer than what one read takes, or was cut. */
  #rest(first: number): string {
    let length = first;
    while (length < MAX_RECORD_BYTES) {
      if (length === this.#buffer.length) this.#grow();
      const got = this.#read(length);
      if (got === undefined) break;
      const part = this.#buffer.subarray(length, length + got);
      if (part.subarray(0, BEGINNING.length).equals(BEGINNING)) {
        this.#early = this.#text(length, length + got);
        break;
      }
      length += got;
      if (part[got - 1] === NEWLINE) break;
    }
    return this.#text(0, length);
  }

  #grow(): void {
    const larger = Buffer.allocUnsafe(Math.min(2 * this.#buffer.length, MAX_RECORD_BYTES));
    this.#buffer.copy(larger);
    this.#buffer = larger;
  }

  #text(from: number, to: number): string {
    const end = this.#buffer[to - 1] === NEWLINE ? to - 1 : to;
    const bytes = this.#buffer.subarray(from, end);
    return isAscii(bytes) ? bytes.toString("latin1") : decodePath(bytes);
  }

  #toBeginning(): void {
    const failed = rewind(this.fd);
    if (typeof failed === "number") return;
    throw new TsemError("BAD_EXPORT", `can not go back to the beginning of ${quote(this.#path)}`, {
      facts: { errno: failed },
    });
  }
}
