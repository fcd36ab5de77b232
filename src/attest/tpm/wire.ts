// SPDX-License-Identifier: Apache-2.0
// Bytes as a TPM has them: big-endian integers, and buffers after their length in two bytes (TPM2B).
import { TpmFormatError } from "./errors.ts";
import { MAX_STRUCTURE_BYTES } from "./limits.ts";

/** Reads one structure from front to back. Every method throws `TpmFormatError` when there is not enough. */
export class TpmReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #at = 0;

  /** @param what name of the structure, for messages. */
  constructor(bytes: Uint8Array, what: string) {
    if (bytes.length > MAX_STRUCTURE_BYTES)
      throw new TpmFormatError(
        "TOO_LONG",
        `${what} has ${bytes.length} bytes, at most ${MAX_STRUCTURE_BYTES} are read`,
      );
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  /** Bytes that are not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(part: string): number {
    return this.#view.getUint8(this.#take(1, part));
  }

  u16(part: string): number {
    return this.#view.getUint16(this.#take(2, part));
  }

  u32(part: string): number {
    return this.#view.getUint32(this.#take(4, part));
  }

  u64(part: string): bigint {
    return this.#view.getBigUint64(this.#take(8, part));
  }

  /** The next `size` bytes, as a copy. */
  raw(size: number, part: string): Uint8Array {
    const from = this.#take(size, part);
    return this.#bytes.slice(from, from + size);
  }

  /** A TPM2B: its length in two bytes, then that many. */
  sized(part: string): Uint8Array {
    return this.raw(this.u16(part), part);
  }

  /** What is left, as a copy. */
  rest(part: string): Uint8Array {
    return this.raw(this.left, part);
  }

  /** Throws when something is left: a structure has one reading only. */
  end(): void {
    if (this.left === 0) return;
    throw new TpmFormatError("TRAILING", `${this.#what} is followed by ${this.left} bytes more`);
  }

  /** An error about `part` of this structure. */
  bad(part: string, problem: string): TpmFormatError {
    return new TpmFormatError("BAD_VALUE", `${this.#what}: ${part} ${problem}`);
  }

  #take(size: number, part: string): number {
    const from = this.#at;
    if (size > this.left)
      throw new TpmFormatError(
        "TRUNCATED",
        `${this.#what} ends within ${part}: ${size} bytes are needed, ${this.left} are left`,
      );
    this.#at += size;
    return from;
  }
}

/** Collects the bytes of a structure. */
export class TpmWriter {
  readonly #parts: Uint8Array[] = [];

  u8(value: number): this {
    return this.raw(Uint8Array.of(value));
  }

  u16(value: number): this {
    const bytes = new Uint8Array(2);
    new DataView(bytes.buffer).setUint16(0, value);
    return this.raw(bytes);
  }

  u32(value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value);
    return this.raw(bytes);
  }

  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }

  /** A TPM2B. Throws when two bytes can not hold its length. */
  sized(bytes: Uint8Array): this {
    if (bytes.length > 0xffff)
      throw new TpmFormatError("TOO_LONG", `a buffer for the TPM has ${bytes.length} bytes`);
    return this.u16(bytes.length).raw(bytes);
  }

  bytes(): Uint8Array {
    return concat(this.#parts);
  }
}

/** All of `parts`, one after the other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** True when both hold the same bytes. For public values: takes less time when they differ early. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
