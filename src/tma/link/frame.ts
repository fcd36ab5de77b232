// SPDX-License-Identifier: Apache-2.0
// Messages as frames of the wire: CRC-32 behind the message, COBS around both. What is damaged is not a message; it is counted.
import { crc32 } from "node:zlib";
import { decodeCobs, encodeCobs } from "./cobs.ts";

const CRC_BYTES = 4;

/** Frame of a message, the zero at its end included. */
export function encodeFrame(message: Uint8Array): Uint8Array {
  const whole = new Uint8Array(message.length + CRC_BYTES);
  whole.set(message);
  new DataView(whole.buffer).setUint32(message.length, crc32(message), true);
  return encodeCobs(whole);
}

/** Takes bytes as they come and gives messages. */
export class FrameReader {
  readonly #most: number;
  #held: Uint8Array;
  #length = 0;
  #tooLong = false;
  #damaged = 0;

  /** @param most bytes that a frame may have; longer ones are dropped when they end */
  constructor(most: number) {
    this.#most = most;
    this.#held = new Uint8Array(Math.min(most, 1024));
  }

  /** Frames that were dropped: too long, not COBS, or another CRC. */
  get damaged(): number {
    return this.#damaged;
  }

  /** Messages that end in `bytes`. */
  take(bytes: Uint8Array): Uint8Array[] {
    const messages: Uint8Array[] = [];
    for (let from = 0; from < bytes.length; ) {
      const zero = bytes.indexOf(0, from);
      const end = zero < 0 ? bytes.length : zero;
      this.#hold(bytes.subarray(from, end));
      from = end + 1;
      if (zero < 0) break;
      const message = this.#ended();
      if (message !== undefined) messages.push(message);
    }
    return messages;
  }

  #hold(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#most) this.#tooLong = true;
    if (this.#tooLong) return;
    if (length > this.#held.length) {
      const larger = new Uint8Array(Math.min(this.#most, 2 * length));
      larger.set(this.#held.subarray(0, this.#length));
      this.#held = larger;
    }
    this.#held.set(bytes, this.#length);
    this.#length = length;
  }

  #ended(): Uint8Array | undefined {
    const held = this.#held.subarray(0, this.#length);
    const tooLong = this.#tooLong;
    this.#length = 0;
    this.#tooLong = false;
    // two zeros in a row, as a host sends them to end what noise began
    if (held.length === 0 && !tooLong) return undefined;
    const message = tooLong ? undefined : wholeMessage(held);
    if (message === undefined) this.#damaged++;
    return message;
  }
}

function wholeMessage(frame: Uint8Array): Uint8Array | undefined {
  const whole = decodeCobs(frame);
  if (whole === undefined || whole.length < CRC_BYTES) return undefined;
  const message = whole.subarray(0, whole.length - CRC_BYTES);
  const view = new DataView(whole.buffer, whole.byteOffset, whole.byteLength);
  return view.getUint32(message.length, true) === crc32(message) ? message : undefined;
}
