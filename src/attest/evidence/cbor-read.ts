// SPDX-License-Identifier: Apache-2.0
// Deterministic CBOR to values. One value has one encoding: what is longer than needed, out of order or twice there is refused.
import { quote } from "../../base/quote.ts";
import {
  ARRAY,
  BYTES,
  CborError,
  compareBytes,
  FALSE,
  MAP,
  NEGATIVE,
  NULL,
  TAG,
  TEXT,
  TRUE,
  UNSIGNED,
} from "./cbor.ts";
import type { CborErrorCode, CborKey, CborMap, CborValue } from "./cbor.ts";
import { MAX_DEPTH, MAX_ITEMS, MAX_TOKEN_BYTES } from "./limits.ts";

/** The smallest argument that needs 1, 2, 4, 8 bytes behind the head. */
const LEAST: readonly number[] = [24, 0x100, 0x10000, 0x1_0000_0000];

/** The value that is all of `bytes`. Byte strings are copies. @throws CborError */
export function decodeCbor(bytes: Uint8Array): CborValue {
  if (bytes.length > MAX_TOKEN_BYTES) {
    throw new CborError("TOO_MUCH", `CBOR: ${bytes.length} bytes, at most ${MAX_TOKEN_BYTES}`);
  }
  const reader = new Reader(bytes);
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  readonly #bytes: Uint8Array;
  // bytes that are not UTF-8 are refused, and a mark at the begin is text like any other
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #at = 0;
  #items = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  end(): void {
    if (this.#at < this.#bytes.length) throw this.#error("MALFORMED", "bytes behind the value");
  }

  value(depth: number): CborValue {
    const first = this.#byte();
    const major = first >> 5;
    const info = first & 31;
    switch (major) {
      case UNSIGNED:
        return this.#argument(info);
      case NEGATIVE:
        return this.#negative(info);
      case BYTES:
        return this.#take(this.#argument(info)).slice();
      case TEXT:
        return this.#text(this.#argument(info));
      case ARRAY:
      case MAP:
      case TAG:
        return this.#nested(major, info, depth);
      default:
        return this.#simple(info);
    }
  }

  #negative(info: number): number {
    const value = -1 - this.#argument(info);
    if (!Number.isSafeInteger(value)) throw this.#error("UNSUPPORTED", "an integer over 53 bits");
    return value;
  }

  #nested(major: number, info: number, depth: number): CborValue {
    if (depth >= MAX_DEPTH) throw this.#error("TOO_MUCH", `more than ${MAX_DEPTH} levels`);
    const argument = this.#argument(info);
    if (major === TAG) return { tag: argument, value: this.value(depth + 1) };
    this.#count(major === MAP ? 2 * argument : argument);
    if (major === MAP) return this.#map(argument, depth);
    const items: CborValue[] = [];
    for (let i = 0; i < argument; i++) items.push(this.value(depth + 1));
    return items;
  }

  #map(size: number, depth: number): CborMap {
    const map = new Map<CborKey, CborValue>();
    let before: Uint8Array | undefined;
    for (let i = 0; i < size; i++) {
      const start = this.#at;
      const key = this.value(MAX_DEPTH);
      const encoded = this.#bytes.subarray(start, this.#at);
      if (typeof key !== "number" && typeof key !== "string") {
        throw this.#error("UNSUPPORTED", "a key that is neither an integer nor a text");
      }
      if (before !== undefined && compareBytes(before, encoded) >= 0) {
        throw this.#error(
          "NOT_DETERMINISTIC",
          `the key ${quote(String(key))} is out of order or twice there`,
        );
      }
      before = encoded;
      map.set(key, this.value(depth + 1));
    }
    return map;
  }

  #text(length: number): string {
    const bytes = this.#take(length);
    try {
      return this.#decoder.decode(bytes);
    } catch {
      throw this.#error("MALFORMED", "a text that is not UTF-8");
    }
  }

  #simple(info: number): boolean | null {
    if (info === FALSE) return false;
    if (info === TRUE) return true;
    if (info === NULL) return null;
    throw this.#error("UNSUPPORTED", "a float, a break or another simple value");
  }

  #argument(info: number): number {
    if (info < 24) return info;
    const least = LEAST[info - 24];
    if (least === undefined) {
      throw this.#error("UNSUPPORTED", "an indefinite or reserved length");
    }
    let value = 0;
    for (const byte of this.#take(1 << (info - 24))) value = value * 256 + byte;
    if (value < least) throw this.#error("NOT_DETERMINISTIC", "a number longer than it need be");
    if (!Number.isSafeInteger(value)) throw this.#error("UNSUPPORTED", "an integer over 53 bits");
    return value;
  }

  #count(more: number): void {
    this.#items += more;
    if (this.#items > MAX_ITEMS) throw this.#error("TOO_MUCH", `more than ${MAX_ITEMS} items`);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw this.#error("MALFORMED", "it ends within a value");
    this.#at += 1;
    return byte;
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw this.#error("MALFORMED", "it ends within a value");
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  #error(code: CborErrorCode, what: string): CborError {
    const offset = this.#at;
    return new CborError(code, `CBOR, at byte ${offset}: ${what}`, { facts: { offset } });
  }
}
