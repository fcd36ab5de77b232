// SPDX-License-Identifier: Apache-2.0
// The frames that a guest's agent speaks (image/guestd.c): type, length, payload.

const HEADER = 5;

/** Bytes that a payload holds at most. */
export const PAYLOAD_MAX = 65_536;

export interface Frame {
  /** One letter. */
  readonly type: string;
  readonly payload: Buffer;
}

/** @throws RangeError when the payload is too long */
export function encodeFrame(type: string, payload: string | Uint8Array): Buffer {
  const data = Buffer.from(payload);
  if (data.length > PAYLOAD_MAX) throw new RangeError(`a frame holds ${PAYLOAD_MAX} bytes at most`);
  const frame = Buffer.allocUnsafe(HEADER + data.length);
  frame.write(type, 0, "latin1");
  frame.writeUInt32BE(data.length, 1);
  data.copy(frame, HEADER);
  return frame;
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** The frames that end with these bytes. */
  *take(data: Buffer): Generator<Frame> {
    this.#rest = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    while (this.#rest.length >= HEADER) {
      const end = HEADER + this.#rest.readUInt32BE(1);
      if (this.#rest.length < end) return;
      const frame = this.#rest.subarray(0, end);
      this.#rest = this.#rest.subarray(end);
      yield { type: frame.toString("latin1", 0, 1), payload: frame.subarray(HEADER) };
    }
  }
}
