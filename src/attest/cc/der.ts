// SPDX-License-Identifier: Apache-2.0
// DER (X.690), as much as certificates need: definite lengths in their shortest form, tags below 31.
import { CcError } from "./errors.ts";

export const TAG_BOOLEAN = 0x01;
export const TAG_INTEGER = 0x02;
export const TAG_BIT_STRING = 0x03;
export const TAG_OCTET_STRING = 0x04;
export const TAG_NULL = 0x05;
export const TAG_OID = 0x06;
export const TAG_UTC_TIME = 0x17;
export const TAG_GENERALIZED_TIME = 0x18;
export const TAG_SEQUENCE = 0x30;

/** Bytes of a length that are read: no certificate is longer than this allows. */
const MAX_LENGTH_BYTES = 3;

/** One value. */
export interface DerValue {
  readonly tag: number;
  /** Its content. */
  readonly body: Uint8Array;
  /** All of it, with tag and length. */
  readonly raw: Uint8Array;
}

/** Reads values one after another; every reading names what is expected, for errors. */
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
      throw new CcError("TRUNCATED", `certificate: ends within its ${what}`);
    }
    this.#at = from + length;
    return {
      tag: found,
      body: this.#bytes.subarray(from, this.#at),
      raw: this.#bytes.subarray(start, this.#at),
    };
  }

  /** A reader of the next value's content. */
  into(what: string, tag: number = TAG_SEQUENCE): DerReader {
    return new DerReader(this.next(what, tag).body);
  }

  /** The next value when it has this tag. */
  optional(what: string, tag: number): DerValue | undefined {
    return this.is(tag) ? this.next(what, tag) : undefined;
  }

  end(what: string): void {
    if (!this.done) throw bad(`bytes after ${what}`);
  }

  #byte(what: string): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new CcError("TRUNCATED", `certificate: ends before its ${what}`);
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

/** Dotted text of an object identifier's content. */
export function oidText(body: Uint8Array): string {
  const arcs: number[] = [];
  let value = 0;
  let open = false;
  for (const byte of body) {
    if (value > 0xff_ff_ff) throw bad("an object identifier with too large a number");
    value = value * 128 + (byte & 0x7f);
    open = (byte & 0x80) !== 0;
    if (open) continue;
    if (arcs.length === 0) arcs.push(Math.min(2, Math.floor(value / 40)));
    arcs.push(arcs.length === 1 ? value - (arcs[0] ?? 0) * 40 : value);
    value = 0;
  }
  if (arcs.length === 0 || open) throw bad("an object identifier that does not end");
  return arcs.join(".");
}

/** Number of an INTEGER's content that is not negative and has at most six bytes. */
export function smallInteger(body: Uint8Array, what: string): number {
  if (body.length === 0 || body.length > 6 || (body[0] ?? 0) >= 0x80) {
    throw bad(`${what} is not a small number`);
  }
  return body.reduce((value, byte) => value * 256 + byte, 0);
}

/** Milliseconds since 1970 of a time. Two-digit years are 1950 to 2049 (RFC 5280, 4.1.2.5). */
export function derTime(value: DerValue): number {
  const text = String.fromCharCode(...value.body.subarray(0, 20));
  const utc = value.tag === TAG_UTC_TIME;
  if (!utc && value.tag !== TAG_GENERALIZED_TIME) throw bad("a time that is none");
  const parts = (utc ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : TIME).exec(text);
  if (parts === null) throw bad("a time of no known form");
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1)
    .map(Number);
  const full = utc ? year + (year < 50 ? 2000 : 1900) : year;
  const time = Date.UTC(full, month - 1, day, hour, minute, second);
  const back = new Date(time);
  if (back.getUTCMonth() !== month - 1 || back.getUTCDate() !== day || hour > 23 || minute > 59) {
    throw bad("a time that never was");
  }
  return time;
}

const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/** The error of bytes that are no certificate. */
export function bad(message: string): CcError {
  return new CcError("BAD_FORM", `certificate: ${message}`);
}
