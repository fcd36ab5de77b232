// SPDX-License-Identifier: Apache-2.0
// How the parser of Quixote finds its way in a record: by searching text and counting braces, without regard to quotes. Everything here is
// as it is there because coefficients depend on it.
import { quote } from "../../base/quote.ts";
import { memberError } from "../record-error.ts";

const OPEN = 123;
const CLOSE = 125;
const BACKSLASH = 92;
const ZERO = 48;
const NINE = 57;
/** Decimal digits of which every number is exact. */
const SAFE_DIGITS = 15;
const NUMBER = /^[ \t\n\v\f\r]*([-+]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*|[1-9][0-9]*))/;
/** Digits of the largest number that is looked at, leading zeros not counted; one more is beyond 64 bits in every base. */
const MAX_DIGITS = 22;
const S64 = 0x7fff_ffff_ffff_ffffn;
const HEX = /^(?:[0-9a-fA-F]{2})+$/;

/** Index of the brace that closes the one at `start`, -1 when there is none. */
export function closingBrace(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === OPEN) depth++;
    else if (code === CLOSE && --depth === 0) return at;
  }
  return -1;
}

/** Value of what kernels write, which means the same to strtoll; -1 for anything else. */
function plainNumber(text: string): number {
  const { length } = text;
  if (length === 0 || length > SAFE_DIGITS || (length > 1 && text.charCodeAt(0) === ZERO))
    return -1;
  let number = 0;
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code < ZERO || code > NINE) return -1;
    number = number * 10 + code - ZERO;
  }
  return number;
}

const keys = { '"': new Map<string, string>(), "{": new Map<string, string>() };

/** The text before a value. Names are those of our code; a text that is put together anew for each search makes it slower. */
function keyOf(name: string, opening: '"' | "{"): string {
  let key = keys[opening].get(name);
  if (key === undefined) {
    key = `"${name}": ${opening}`;
    keys[opening].set(name, key);
  }
  return key;
}

/** Where the objects in an object begin and end, one place after the other. */
function placesOfObjects(text: string): readonly number[] {
  const places: number[] = [];
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === OPEN && ++depth === 2) places.push(at);
    else if (code === CLOSE && --depth === 1) places.push(at);
  }
  return places;
}

/** An object of a record: its text from brace to brace. */
export class QuixoteObject {
  readonly text: string;
  readonly #name: string;
  #objects: readonly number[] | undefined;
  readonly #escapes: boolean;

  /** `escapes`: a backslash in a value hides the character behind it, as Quixote has it since 2025. */
  constructor(text: string, name: string, escapes: boolean) {
    this.text = text;
    this.#name = name;
    this.#escapes = escapes;
  }

  /** The first object of that name anywhere in this one. */
  find(name: string): QuixoteObject | undefined {
    const key = keyOf(name, "{");
    const at = this.text.indexOf(key);
    if (at < 0) return undefined;
    const start = at + key.length - 1;
    // The braces of a record are paired, so this one is.
    const end = closingBrace(this.text, start);
    return new QuixoteObject(this.text.slice(start, end + 1), name, this.#escapes);
  }

  get(name: string): QuixoteObject {
    const found = this.find(name);
    if (found === undefined) throw memberError(this.#at(name), "is missing");
    return found;
  }

  /** The first value of that name that is not in an object of this one. An empty value reads as a quote. */
  findText(name: string): string | undefined {
    const { text } = this;
    const key = keyOf(name, '"');
    let at = text.indexOf(key);
    while (at >= 0) {
      const end = this.#endOfObjectAround(at);
      if (end < 0) return this.#value(at + key.length, name);
      at = text.indexOf(key, end);
    }
    return undefined;
  }

  /** The end of an object of this one in which a place lies, -1 when it lies in none. */
  #endOfObjectAround(place: number): number {
    this.#objects ??= placesOfObjects(this.text);
    for (let i = 1; i < this.#objects.length; i += 2) {
      const end = this.#objects[i] ?? 0;
      if (place < end) return place > (this.#objects[i - 1] ?? 0) ? end : -1;
    }
    return -1;
  }

  string(name: string): string {
    const found = this.findText(name);
    if (found === undefined) throw memberError(this.#at(name), "is missing");
    return found;
  }

  /** A number that must lie in 0..max. */
  unsigned(name: string, max: number): number {
    const text = this.string(name);
    const plain = plainNumber(text);
    // What is rounded is far beyond every limit.
    const value = plain < 0 ? Number(this.#number(text, name)) : plain;
    if (value < 0 || value > max) throw memberError(this.#at(name), `is outside 0..${max}`);
    return value;
  }

  /** A number of 64 bits; a negative one is its two's complement. */
  wide(name: string): bigint {
    return BigInt.asUintN(64, this.#number(this.string(name), name));
  }

  /** Lower-case hex of bytes, of `size` of them when given. */
  hex(name: string, size?: number): string {
    const text = this.string(name);
    if (!HEX.test(text) || (size !== undefined && text.length !== size * 2)) {
      const what = size === undefined ? "hex" : `${size} bytes of hex`;
      throw memberError(this.#at(name), `is not ${what}: ${quote(text, 140)}`);
    }
    return text.toLowerCase();
  }

  /** What strtoll of C makes of a value: trailing garbage is ignored, no digits are 0. */
  #number(text: string, name: string): bigint {
    const match = NUMBER.exec(text);
    if (match === null) return 0n;
    const [, sign, hex, digits = ""] = match;
    const base = hex !== undefined ? "0x" : digits.startsWith("0") ? "0o" : "";
    const significant = (hex ?? digits).replace(/^0+/, "");
    const value = significant.length > MAX_DIGITS ? S64 + 2n : BigInt(base + (significant || "0"));
    if (value > (sign === "-" ? S64 + 1n : S64)) {
      throw memberError(this.#at(name), "is larger than 64 bits with a sign");
    }
    return sign === "-" ? -value : value;
  }

  #value(start: number, name: string): string {
    const { text } = this;
    let end = text.indexOf('"', start);
    while (this.#escapes && end > start && text.charCodeAt(end - 1) === BACKSLASH) {
      end = text.indexOf('"', end + 1);
    }
    if (end < 0) throw memberError(this.#at(name), "does not end");
    const value = text.slice(start, end);
    if (value === "") return '"';
    return this.#escapes && value.includes("\\") ? value.replace(/\\(.)/gs, "$1") : value;
  }

  #at(name: string): string {
    return this.#name === "" ? name : `${this.#name}.${name}`;
  }
}
