// SPDX-License-Identifier: Apache-2.0
// Values to deterministic CBOR: shortest heads, keys in bytewise order.
import {
  ARRAY,
  BYTES,
  CborError,
  compareBytes,
  FALSE,
  MAP,
  NEGATIVE,
  NULL,
  SIMPLE,
  TAG,
  TEXT,
  TRUE,
  UNSIGNED,
} from "./cbor.ts";
import type { CborMap, CborTag, CborValue } from "./cbor.ts";
import { MAX_DEPTH, MAX_ITEMS } from "./limits.ts";

/** Half of a character: it has no UTF-8. */
const LONE_SURROGATE = /\p{Surrogate}/u;
const encoder = new TextEncoder();

/** The bytes of `value`. @throws CborError UNSUPPORTED (not a safe integer, a broken text), TOO_MUCH (deeper or longer than can be read) */
export function encodeCbor(value: CborValue): Uint8Array {
  const writer = new Writer();
  writer.value(value, 0);
  return writer.bytes();
}

class Writer {
  readonly #parts: Uint8Array[] = [];
  #length = 0;
  #items = 0;

  bytes(): Uint8Array {
    const joined = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }

  value(value: CborValue, depth: number): void {
    if (typeof value === "number") this.#integer(value);
    else if (typeof value === "string") this.#text(value);
    else if (typeof value === "boolean") this.#head(SIMPLE, value ? TRUE : FALSE);
    else if (value === null) this.#head(SIMPLE, NULL);
    else if (value instanceof Uint8Array) this.#bytes(value);
    else this.#nested(value, depth);
  }

  #bytes(bytes: Uint8Array): void {
    this.#head(BYTES, bytes.length);
    this.#raw(bytes);
  }

  #nested(value: readonly CborValue[] | CborMap | CborTag, depth: number): void {
    if (depth >= MAX_DEPTH) throw new CborError("TOO_MUCH", `CBOR: more than ${MAX_DEPTH} levels`);
    if (value instanceof Map) {
      this.#map(value, depth);
    } else if (isArray(value)) {
      this.#count(value.length);
      this.#head(ARRAY, value.length);
      for (const item of value) this.value(item, depth + 1);
    } else if (isTag(value)) {
      this.#head(TAG, value.tag);
      this.value(value.value, depth + 1);
    } else {
      throw new CborError("UNSUPPORTED", "CBOR: not a value that is written");
    }
  }

  #map(map: CborMap, depth: number): void {
    this.#count(2 * map.size);
    this.#head(MAP, map.size);
    const entries = [...map].map(([key, value]) => ({ key: encodeCbor(key), value }));
    for (const { key, value } of entries.sort((a, b) => compareBytes(a.key, b.key))) {
      this.#raw(key);
      this.value(value, depth + 1);
    }
  }

  #integer(value: number): void {
    if (!Number.isSafeInteger(value)) {
      throw new CborError("UNSUPPORTED", `CBOR: ${value} is not an integer that is written`);
    }
    if (value >= 0) this.#head(UNSIGNED, value);
    else this.#head(NEGATIVE, -1 - value);
  }

  #text(text: string): void {
    if (LONE_SURROGATE.test(text)) {
      throw new CborError("UNSUPPORTED", "CBOR: a text with half of a character");
    }
    const bytes = encoder.encode(text);
    this.#head(TEXT, bytes.length);
    this.#raw(bytes);
  }

  /** RFC 8949, 3: the argument in as few bytes as it takes. */
  #head(major: number, argument: number): void {
    const size = argument < 24 ? 0 : widthOf(argument);
    const head = new Uint8Array(1 + size);
    const info = size === 0 ? argument : 24 + Math.log2(size);
    head[0] = (major << 5) | info;
    // beyond 32 bits there are no bitwise operators
    for (let i = size, rest = argument; i > 0; i--) {
      head[i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    this.#raw(head);
  }

  #count(more: number): void {
    this.#items += more;
    if (this.#items > MAX_ITEMS) {
      throw new CborError("TOO_MUCH", `CBOR: more than ${MAX_ITEMS} items`);
    }
  }

  #raw(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }
}

function widthOf(argument: number): 1 | 2 | 4 | 8 {
  if (argument < 0x100) return 1;
  if (argument < 0x10000) return 2;
  return argument < 0x1_0000_0000 ? 4 : 8;
}

function isArray(value: readonly CborValue[] | CborMap | CborTag): value is readonly CborValue[] {
  return Array.isArray(value);
}

function isTag(value: CborMap | CborTag): value is CborTag {
  return "tag" in value && Number.isSafeInteger(value.tag) && value.tag >= 0;
}
