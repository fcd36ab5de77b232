// SPDX-License-Identifier: Apache-2.0
// The little of DER (X.690) that keys and signatures are made of, read strictly: shortest lengths, shortest integers, nothing left over.
import { SignatureError } from "../signed/errors.ts";

/** Tags that are used here. */
export const DER_TAGS = {
  integer: 0x02,
  bitString: 0x03,
  null: 0x05,
  oid: 0x06,
  sequence: 0x30,
} as const;

export type DerTag = (typeof DER_TAGS)[keyof typeof DER_TAGS];

/** Reads one value after the other. @throws SignatureError BAD_SIGNATURE_FORM from every method when the bytes are something else */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether all was read. */
  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Throws when something is left. */
  end(): void {
    if (!this.atEnd) throw bad(`${this.#bytes.length - this.#at} bytes too many`);
  }

  /** Tag that comes next; undefined at the end. */
  peek(): number | undefined {
    return this.#bytes[this.#at];
  }

  sequence(): DerReader {
    return new DerReader(this.value(DER_TAGS.sequence));
  }

  /** A positive integer, big-endian, without leading zeros. */
  positive(): Uint8Array {
    const value = this.value(DER_TAGS.integer);
    const [first = 0, second = 0] = value;
    if (value.length === 0 || first > 127) throw bad("a number that is not positive");
    if (first !== 0) return value;
    if (value.length === 1) throw bad("a number that is not positive");
    if (second < 128) throw bad("a number with a zero too many");
    return value.subarray(1);
  }

  /** Contents of a bit string of whole bytes. */
  bitString(): Uint8Array {
    const value = this.value(DER_TAGS.bitString);
    if (value[0] !== 0) throw bad("bits that are no whole bytes");
    return value.subarray(1);
  }

  /** Contents of the value that comes next, which has to have this tag. */
  value(tag: DerTag): Uint8Array {
    if (this.peek() !== tag) throw bad(`tag ${tag} is missing`);
    this.#at++;
    const size = this.#length();
    const start = this.#at;
    if (size > this.#bytes.length - start) throw bad("it is cut off");
    this.#at += size;
    return this.#bytes.subarray(start, this.#at);
  }

  #length(): number {
    const first = this.#byte();
    if (first < 128) return first;
    const count = first - 128;
    if (count === 0 || count > 3) throw bad("a length that can not be");
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + this.#byte();
    if (length < 128 || length < 256 ** (count - 1)) throw bad("a length that is too long");
    return length;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw bad("it is cut off");
    this.#at++;
    return byte;
  }
}

/** One value: tag, length, and the parts one after the other. */
export function derValue(tag: DerTag, ...parts: readonly Uint8Array[]): Uint8Array {
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  const head = [tag, ...derLength(size)];
  const bytes = new Uint8Array(head.length + size);
  bytes.set(head);
  let at = head.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A number that is not negative, from its big-endian bytes. */
export function derInteger(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const digits = bytes.subarray(start);
  const sign = (digits[0] ?? 0) > 127 ? [0] : [];
  return derValue(DER_TAGS.integer, Uint8Array.from(sign), digits);
}

function derLength(size: number): readonly number[] {
  if (size < 128) return [size];
  const digits: number[] = [];
  for (let rest = size; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return [128 + digits.length, ...digits];
}

function bad(why: string): SignatureError {
  return new SignatureError("BAD_SIGNATURE_FORM", `is not DER: ${why}`);
}
