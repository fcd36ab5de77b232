// SPDX-License-Identifier: Apache-2.0
// Reads a record from left to right as a TSEM kernel spells it: fixed text, values between quotes, nothing else. What differs is a `Mismatch`.
// Text that a workload can choose (names) ends at the first quote, or, in a guided scan, where a list of decisions says: splits.ts tries them.
import { MAX_DIGEST_BYTES } from "../limits.ts";

const QUOTE = 34;
const MINUS = 45;
const ZERO = 48;
const NINE = 57;
const BACKSLASH = 92;
const LOWER_A = 97;
const LOWER_F = 102;
const LOWER_X = 120;
const U32 = 0xffff_ffff;
const U64 = 0xffff_ffff_ffff_ffffn;
/** Decimal digits of which every number is exact. */
const SAFE_DIGITS = 15;
const SAFE_HEX_DIGITS = 13;

/** In what follows a text: the end of the line. No kernel text holds it. */
export const END = "\0";

class Mismatch extends Error {}

/** Thrown, one for all, where a line is not what is expected. Nobody outside this folder sees it. */
export const MISMATCH: Mismatch = new Mismatch("the line is no record in a kernel's spelling");

/** What `scan` makes of the line, undefined when that is not what it expects. */
export function scanned<T>(s: Scanner, scan: (s: Scanner) => T): T | undefined {
  try {
    return scan(s);
  } catch (error) {
    if (error === MISMATCH) return undefined;
    throw error;
  }
}

/** Shorter slices are copies, longer ones only refer to the text. */
const CHEAP_SLICE = 13;

function standsAt(text: string, fixed: string, pos: number): boolean {
  const { length } = fixed;
  // Comparing a slice is 3 to 5 times faster than startsWith on Node 20, as long as `fixed` is no slice itself.
  if (length < CHEAP_SLICE) return text.startsWith(fixed, pos);
  return text.slice(pos, pos + length) === fixed;
}

/** Where a text of a guided scan stands: from its first character to its closing quote. */
export interface Span {
  readonly start: number;
  end: number;
  /** Fixed text that stands behind it, beginning with its closing quote. */
  readonly follow: string;
  /** The kernel writes a quote in it as `\"`. */
  readonly escaped: boolean;
}

export class Scanner {
  text = "";
  pos = 0;
  /** True while the ends of texts are taken from `spans`, and added to them. */
  guided = false;
  /** Names of the 2025 kernel are taken to have their quotes escaped. */
  escapes = false;
  readonly spans: Span[] = [];
  /** A guided scan ran off the end of the line inside a text. */
  open = false;
  /** A guided scan met a name that may have escaped quotes. */
  mayEscape = false;
  /** Where the CELL began. */
  cellStart = 0;
  #texts = 0;

  /** Starts an unguided scan of a line. */
  start(text: string): void {
    this.text = text;
    this.pos = 0;
    this.guided = false;
  }

  /** Starts over, with the texts ending as `spans` says as far as it goes. */
  restart(): void {
    this.pos = 0;
    this.guided = true;
    this.#texts = 0;
  }

  /** True when the fixed text stands here. */
  at(fixed: string): boolean {
    return standsAt(this.text, fixed, this.pos);
  }

  /** Steps over fixed text (not empty) when it stands here. */
  skip(fixed: string): boolean {
    const { text, pos } = this;
    // Most of what is optional is seen to be absent at its first character.
    if (text.charCodeAt(pos) !== fixed.charCodeAt(0) || !standsAt(text, fixed, pos)) return false;
    this.pos = pos + fixed.length;
    return true;
  }

  /** Steps over fixed text that must stand here. */
  fixed(fixed: string): void {
    if (!standsAt(this.text, fixed, this.pos)) throw MISMATCH;
    this.pos += fixed.length;
  }

  /** Nothing may be left. */
  finish(): void {
    if (this.pos !== this.text.length) throw MISMATCH;
  }

  /** What stands up to the next quote, which is stepped over; no backslash in it. For values that no workload chooses. */
  word(): string {
    const start = this.pos;
    const end = this.#plainEnd();
    this.pos = end + 1;
    return this.text.slice(start, end);
  }

  /**
   * A text that a workload may have chosen; the scan goes on at its closing quote. `follow` is fixed text that is known to stand behind it,
   * closing quote first; it is needed in a guided scan only. `escaped`: quotes in it may be escaped.
   */
  chosen(follow: string, escaped: boolean = false): string {
    const start = this.pos;
    const end = this.guided ? this.#decidedEnd(follow, escaped) : this.#plainEnd();
    this.pos = end;
    return this.text.slice(start, end);
  }

  /** Moves the last decision of a guided scan to the next possible end of its text; false when there is none left. */
  decideAnew(): boolean {
    for (let last = this.spans.at(-1); last !== undefined; last = this.spans.at(-1)) {
      const end = this.#find(last.follow, last.end + 1);
      if (end >= 0) {
        last.end = end;
        return true;
      }
      this.spans.pop();
    }
    return false;
  }

  /** Decimal digits without leading zeros, up to 32 bits. */
  u32(): number {
    const number = this.#digits(10);
    if (number > U32) throw MISMATCH;
    return number;
  }

  u16(): number {
    const number = this.#digits(5);
    if (number > 0xffff) throw MISMATCH;
    return number;
  }

  /** 32 bits that the kernel prints with a sign, or without. */
  i32(): number {
    if (this.text.charCodeAt(this.pos) !== MINUS) return this.u32();
    this.pos++;
    const number = this.#digits(10);
    if (number === 0 || number > 0x8000_0000) throw MISMATCH;
    return -number;
  }

  /** As `i32`, of 64 bits. */
  i64(): bigint {
    if (this.text.charCodeAt(this.pos) !== MINUS) return this.u64();
    this.pos++;
    const number = this.u64();
    if (number === 0n || number > 0x8000_0000_0000_0000n) throw MISMATCH;
    return -number;
  }

  u64(): bigint {
    return BigInt(this.wide());
  }

  /** Up to 64 bits, as a number where that is exact: a bigint costs more than reading it. */
  wide(): number | bigint {
    const start = this.pos;
    const end = this.#digitsEnd();
    if (end - start <= SAFE_DIGITS) return this.#digits(SAFE_DIGITS);
    if (end - start > 20 || this.text.charCodeAt(start) === ZERO) throw MISMATCH;
    const number = BigInt(this.text.slice(start, end));
    if (number > U64) throw MISMATCH;
    this.pos = end;
    return number;
  }

  /** An octal number, written with a leading 0. */
  octal(max: number): number {
    const { text } = this;
    const start = this.pos;
    if (text.charCodeAt(start) !== ZERO) throw MISMATCH;
    let at = start + 1;
    let number = 0;
    for (; at - start <= 11; at++) {
      const code = text.charCodeAt(at);
      if (!(code >= ZERO && code < ZERO + 8)) break;
      number = number * 8 + code - ZERO;
    }
    if (number > max) throw MISMATCH;
    this.pos = at;
    return number;
  }

  /** `0x` and lower-case hex digits, up to 64 bits. */
  mask(): bigint {
    const start = this.#hexStart();
    const end = this.#hexEnd(start, 16);
    if (end - start > SAFE_HEX_DIGITS) return BigInt(`0x${this.text.slice(start, end)}`);
    return BigInt(this.#hexValue(start, end));
  }

  /** `0x` and lower-case hex digits, up to 32 bits. */
  magic(): number {
    const start = this.#hexStart();
    const number = this.#hexValue(start, this.#hexEnd(start, SAFE_HEX_DIGITS));
    if (number > U32) throw MISMATCH;
    return number;
  }

  /** Lower-case hex of a digest. */
  digest(): string {
    const start = this.pos;
    const end = this.#hexEnd(start, MAX_DIGEST_BYTES * 2);
    if (((end - start) & 1) !== 0) throw MISMATCH;
    return this.text.slice(start, end);
  }

  /** Lower-case hex of exactly 16 bytes. */
  bytes16(): string {
    const start = this.pos;
    if (this.#hexEnd(start, 32) - start !== 32) throw MISMATCH;
    return this.text.slice(start, start + 32);
  }

  #plainEnd(): number {
    const { text } = this;
    for (let at = this.pos; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) return at;
      if (code === BACKSLASH) break;
    }
    throw MISMATCH;
  }

  #decidedEnd(follow: string, escaped: boolean): number {
    if (escaped) this.mayEscape = true;
    let span = this.spans[this.#texts++];
    if (span === undefined) {
      const start = this.pos;
      const end = this.#find(follow, start);
      if (end < 0) {
        this.open = true;
        throw MISMATCH;
      }
      span = { start, end, follow, escaped };
      this.spans.push(span);
    }
    if (escaped && this.escapes && this.#hasBareQuote(span)) throw MISMATCH;
    return span.end;
  }

  #find(follow: string, from: number): number {
    if (!follow.endsWith(END)) return this.text.indexOf(follow, from);
    const fixed = follow.slice(0, -1);
    const end = this.text.length - fixed.length;
    return end >= from && this.text.startsWith(fixed, end) ? end : -1;
  }

  #hasBareQuote({ start, end }: Span): boolean {
    for (let at = this.text.indexOf('"', start); at >= 0 && at < end; ) {
      if (at === start || this.text.charCodeAt(at - 1) !== BACKSLASH) return true;
      at = this.text.indexOf('"', at + 1);
    }
    return false;
  }

  #digitsEnd(): number {
    let at = this.pos;
    for (; ; at++) {
      const code = this.text.charCodeAt(at);
      if (!(code >= ZERO && code <= NINE)) return at;
    }
  }

  #digits(most: number): number {
    const { text } = this;
    const start = this.pos;
    let at = start;
    let number = 0;
    for (; ; at++) {
      const code = text.charCodeAt(at);
      if (!(code >= ZERO && code <= NINE)) break;
      number = number * 10 + code - ZERO;
    }
    const count = at - start;
    if (count === 0 || count > most || (count > 1 && text.charCodeAt(start) === ZERO)) {
      throw MISMATCH;
    }
    this.pos = at;
    return number;
  }

  #hexStart(): number {
    const { text, pos } = this;
    if (text.charCodeAt(pos) !== ZERO || text.charCodeAt(pos + 1) !== LOWER_X) throw MISMATCH;
    return pos + 2;
  }

  /** End of at least one and at most `most` lower-case hex digits; the scan goes on there. */
  #hexEnd(start: number, most: number): number {
    const { text } = this;
    let at = start;
    for (; ; at++) {
      const code = text.charCodeAt(at);
      if (!((code >= ZERO && code <= NINE) || (code >= LOWER_A && code <= LOWER_F))) break;
    }
    if (at === start || at - start > most) throw MISMATCH;
    this.pos = at;
    return at;
  }

  #hexValue(start: number, end: number): number {
    let number = 0;
    for (let at = start; at < end; at++) {
      const code = this.text.charCodeAt(at);
      number = number * 16 + (code <= NINE ? code - ZERO : code - LOWER_A + 10);
    }
    return number;
  }
}
