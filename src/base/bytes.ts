// SPDX-License-Identifier: Apache-2.0
// A reusable buffer that values are appended to before they are hashed. Integers are little-endian.
import { hexInto, hexToBytes } from "./hex.ts";
import { encodePathInto } from "./path-text.ts";

const FIRST_SIZE = 4096;
/** Decoded texts that one writer keeps; when there are more it starts anew. */
const MAX_IDS = 1024;

/** Growable scratch buffer: `reset()`, append, `bytes()`. Nothing is allocated per call except when it has to grow. */
export class ByteWriter {
  #buffer: Uint8Array;
  #view: DataView;
  #length = 0;
  readonly #ids = new Map<string, Uint8Array>();

  constructor(size: number = FIRST_SIZE) {
    this.#buffer = new Uint8Array(size);
    this.#view = new DataView(this.#buffer.buffer);
  }

  /** Bytes written since `reset()`. */
  get length(): number {
    return this.#length;
  }

  /** Forgets what was written. */
  reset(): this {
    this.#length = 0;
    return this;
  }

  /** What was written; valid until the next append or reset. */
  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  u8(value: number): this {
    this.#room(1);
    this.#buffer[this.#length++] = value;
    return this;
  }

  u16(value: number): this {
    this.#room(2);
    this.#view.setUint16(this.#length, value, true);
    this.#length += 2;
    return this;
  }

  /** Takes signed values too: their two's complement is written. */
  u32(value: number): this {
    this.#room(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
    return this;
  }

  u64(value: bigint): this {
    this.#room(8);
    this.#view.setBigUint64(this.#length, value, true);
    this.#length += 8;
    return this;
  }

  zeros(count: number): this {
    this.#room(count);
    // A loop: fill() of a few bytes costs more than writing them.
    for (let i = 0; i < count; i++) this.#buffer[this.#length++] = 0;
    return this;
  }

  /** The bytes of hex text. Throws `RangeError` when it is not hex. */
  hex(text: string): this {
    this.#room(text.length >> 1);
    this.#length += hexInto(text, this.#buffer, this.#length);
    return this;
  }

  /** As `hex`, for texts that come again and again (ids): their bytes are kept, so that they are decoded once. */
  id(text: string): this {
    let bytes = this.#ids.get(text);
    if (bytes === undefined) {
      bytes = hexToBytes(text);
      if (this.#ids.size >= MAX_IDS) this.#ids.clear();
      this.#ids.set(text, bytes);
    }
    return this.raw(bytes);
  }

  /** The bytes of hex text, zero-padded (or cut) to `width` bytes. */
  hexPadded(text: string, width: number): this {
    return this.hex(text.length > width * 2 ? text.slice(0, width * 2) : text).zeros(
      Math.max(0, width - (text.length >> 1)),
    );
  }

  /** The bytes of text as `encodePath` makes them, without length or terminator. */
  text(text: string): this {
    this.#room(text.length * 3);
    this.#length += encodePathInto(text, this.#buffer, this.#length);
    return this;
  }

  /** The bytes of text, zero-padded or cut to `width` bytes. */
  textPadded(text: string, width: number): this {
    const end = this.#length + width;
    this.text(text);
    if (this.#length < end) return this.zeros(end - this.#length);
    this.#length = end;
    return this;
  }

  /** u32 byte length, then the bytes. */
  string(text: string): this {
    this.#room(4 + text.length * 3);
    const size = encodePathInto(text, this.#buffer, this.#length + 4);
    this.#view.setUint32(this.#length, size, true);
    this.#length += 4 + size;
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  #room(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
    this.#view = new DataView(grown.buffer);
  }
}
