// SPDX-License-Identifier: Apache-2.0
// Reads fields one after another; running out of bytes is an error that names the field.
import { CcError } from "./errors.ts";

/** Little-endian fields of a report or quote. `what` names the whole in errors. */
export class FieldReader {
  #at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  /** Bytes read so far. */
  get at(): number {
    return this.#at;
  }

  /** Bytes left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  take(size: number, field: string): Uint8Array {
    if (size > this.left) {
      throw new CcError("TRUNCATED", `${this.#what}: ends within its ${field}`);
    }
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }

  u8(field: string): number {
    return this.take(1, field)[0] ?? 0;
  }

  u16(field: string): number {
    const at = this.#at;
    this.take(2, field);
    return this.#view.getUint16(at, true);
  }

  u32(field: string): number {
    const at = this.#at;
    this.take(4, field);
    return this.#view.getUint32(at, true);
  }

  u64(field: string): bigint {
    const at = this.#at;
    this.take(8, field);
    return this.#view.getBigUint64(at, true);
  }

  /** Bytes from the start up to here. */
  before(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  bad(message: string): CcError {
    return new CcError("BAD_FORM", `${this.#what}: ${message}`);
  }

  unsupported(message: string): CcError {
    return new CcError("UNSUPPORTED", `${this.#what}: ${message}`);
  }
}
