// SPDX-License-Identifier: Apache-2.0
// DER (X.690), as much as keys, signatures and certificates need: definite lengths in their shortest form, tags below 31, numbers in their
// shortest form, nothing left over.
import { CodedError } from "../../base/errors.ts";

/** Tags that are used here. */
export const DER_TAGS = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** TRUNCATED: the bytes end too early. BAD_FORM: they are not what is expected, or not in the one form that DER allows. */
export type DerErrorCode = "TRUNCATED" | "BAD_FORM";

/** The message names what was to be read; whoever reads a whole says of what (a key, a certificate). */
export class DerError extends CodedError<DerErrorCode> {}

/** Bytes of a length that are read: nothing that is read here is longer than this allows. */
const MAX_LENGTH_BYTES = 3;

/** One value. */
export interface DerValue {
  readonly tag: number;
  /** Its content. */
  readonly body: Uint8Array;
  /** All of it, with tag and length. */
  readonly raw: Uint8Array;
}

/** Reads values one after another; every reading names what is expected, for errors. Every method throws DerError. */
export class DerReader {
  #at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Whether the next value has this tag. */
  is(tag: number): boolean {
    return this.#bytes[this.#at] === tag;
  }

  next(what: string, tag?: number): DerValue {
    const start = this.#at;
    const found = this.#byte(what);
    if ((found & 0x1f) === 0x1f) throw bad(`${what} has a tag of several bytes`);
    if (tag !== undefined && found !== tag) {
      throw bad(`${what} has tag 0x${found.toString(16)}, not 0x${tag.toString(16)}`);
    }
    const length = this.#length(what);
    const from = this.#at;
    if (from + length > this.#bytes.length) {
      throw new DerError("TRUNCATED", `ends within its ${what}`);
    }
    this.#at = from + length;
    return {
      tag: found,
      body: this.#bytes.subarray(from, this.#at),
      raw: this.#bytes.subarray(start, this.#at),
    };
  }

  /** A reader of the next value's content. */
  into(what: string, tag: number = DER_TAGS.sequence): DerReader {
    return new DerReader(this.next(what, tag).body);
  }

  /** The next value when it has this tag. */
  optional(what: string, tag: number): DerValue | undefined {
    return this.is(tag) ? this.next(what, tag) : undefined;
  }

  /** A positive integer, big-endian, without leading zeros. */
  positive(what: string): Uint8Array {
    const { body } = this.next(what, DER_TAGS.integer);
    const [first = 0, second = 0] = body;
    if (body.length === 0 || first > 127) throw bad(`${what} is not positive`);
    if (first !== 0) return body;
    if (body.length === 1) throw bad(`${what} is not positive`);
    if (second < 128) throw bad(`${what} has a zero too many`);
    return body.subarray(1);
  }

  /** Contents of a bit string of whole bytes. */
  wholeBytes(what: string): Uint8Array {
    const { body } = this.next(what, DER_TAGS.bitString);
    if (body[0] !== 0) throw bad(`${what} is no whole bytes`);
    return body.subarray(1);
  }

  /** A truth: 0 or 255, nothing else. False when the next value is another one. */
  flag(what: string): boolean {
    const value = this.optional(what, DER_TAGS.boolean);
    if (value === undefined) return false;
    const [byte = 1] = value.body;
    if (value.body.length !== 1 || (byte !== 0 && byte !== 255)) throw bad(`${what} is no truth`);
    return byte === 255;
  }

  /** Throws when something is left. */
  end(what: string): void {
    if (!this.done) throw bad(`bytes after ${what}`);
  }

  #byte(what: string): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new DerError("TRUNCATED", `ends before its ${what}`);
    return byte;
  }

  #length(what: string): number {
    const first = this.#byte(what);
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > MAX_LENGTH_BYTES) throw bad(`${what} has a length of no known form`);
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + this.#byte(what);
    if (length < 0x80 || length < 256 ** (count - 1)) throw bad(`${what} has a padded length`);
    return length;
  }
}

/** The value that these bytes are, and nothing else. */
export function onlyValue(bytes: Uint8Array, what: string, tag?: number): DerValue {
  const reader = new DerReader(bytes);
  const value = reader.next(what, tag);
  reader.end(what);
  return value;
}

/** Dotted text of an object identifier's content. */
export function oidText(body: Uint8Array): string {
  const [first, ...rest] = numbersOf(body);
  if (first === undefined) throw bad("an object identifier that does not end");
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - top * 40, ...rest].join(".");
}

/** Numbers of seven bits a byte; all but the last byte of each have the highest bit. */
function numbersOf(body: Uint8Array): readonly number[] {
  const numbers: number[] = [];
  let value = 0;
  let open = false;
  for (const byte of body) {
    if (!open && byte === 0x80) throw bad("an object identifier with a padded number");
    if (value > 0xff_ff_ff) throw bad("an object identifier with too large a number");
    value = value * 128 + (byte & 0x7f);
    open = byte >= 0x80;
    if (open) continue;
    numbers.push(value);
    value = 0;
  }
  if (open) throw bad("an object identifier that does not end");
  return numbers;
}

/** Number of an INTEGER's content that is not negative and has at most six bytes. */
export function smallInteger(body: Uint8Array, what: string): number {
  if (body.length === 0 || body.length > 6 || (body[0] ?? 0) >= 0x80) {
    throw bad(`${what} is not a small number`);
  }
  if (body.length > 1 && body[0] === 0 && (body[1] ?? 0) < 0x80) {
    throw bad(`${what} has a zero too many`);
  }
  return body.reduce((value, byte) => value * 256 + byte, 0);
}

/** Milliseconds since 1970 of a time. Two-digit years are 1950 to 2049 (RFC 5280, 4.1.2.5). */
export function derTime(value: DerValue): number {
  const text = String.fromCharCode(...value.body.subarray(0, 20));
  const utc = value.tag === DER_TAGS.utcTime;
  if (!utc && value.tag !== DER_TAGS.generalizedTime) throw bad("a time that is none");
  const parts = (utc ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : TIME).exec(text);
  if (parts === null) throw bad("a time of no known form");
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1)
    .map(Number);
  const full = utc ? year + (year < 50 ? 2000 : 1900) : year;
  const time = Date.UTC(full, month - 1, day, hour, minute, second);
  const back = new Date(time);
  const clock = hour <= 23 && minute <= 59 && second <= 59;
  if (back.getUTCMonth() !== month - 1 || back.getUTCDate() !== day || !clock) {
    throw bad("a time that never was");
  }
  return time;
}

const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

function bad(message: string): DerError {
  return new DerError("BAD_FORM", message);
}
