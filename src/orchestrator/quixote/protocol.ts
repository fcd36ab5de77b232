// SPDX-License-Identifier: Apache-2.0
// Frames and commands of Quixote's management socket: u32 big-endian length, payload; length 0 ends the session. A request
// is one little-endian i32. Written once for both ends.
import { CodedError } from "../../base/errors.ts";
import { MAX_FRAME_BYTES } from "./limits.ts";

/** Commands by upstream's numbers; 1, 2, 4, 5, 16 and 17 are not served by any orchestrator with a console. */
export const COMMAND = {
  seal: 3,
  measurement: 6,
  state: 7,
  trajectory: 8,
  counts: 9,
  coefficients: 10,
  forensicsCounts: 11,
  forensicsCoefficients: 12,
  forensics: 13,
  events: 14,
  map: 15,
} as const;

export type CommandName = keyof typeof COMMAND;

const NAMES: ReadonlyMap<number, CommandName> = new Map(
  (Object.keys(COMMAND) as CommandName[]).map((name) => [COMMAND[name], name]),
);

/** The command behind a number; undefined for what is not served. */
export function commandName(number: number): CommandName | undefined {
  return NAMES.get(number);
}

/** Something on a management socket that its other end should not have sent, or failed to do. */
export class ConsoleError extends CodedError<
  | "BAD_FRAME"
  | "NOT_SERVED"
  | "STALLED"
  | "CLOSED"
  | "BAD_ANSWER"
  | "NO_SOCKET"
  | "NOT_PRIVATE"
  | "IN_USE"
> {}

export const HEADER_BYTES = 4;
export const REQUEST_BYTES = 4;
/** What stands in the answer to `seal`. */
export const OK: Uint8Array = Uint8Array.of(0x4f, 0x4b, 0);
/** Frames of counts have this size, whatever the number: 20 digits and a NUL. */
export const COUNT_TEXT_BYTES = 21;
const COUNT_BYTES = 8;

/** The frame that ends a session: it has to be sent before closing, or an orchestrator of Quixote ends its workload. */
export const END_FRAME: Uint8Array = new Uint8Array(HEADER_BYTES);

/** Preconditions: 1 to MAX_FRAME_BYTES bytes. */
export function frameOf(payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  frame.writeUInt32BE(payload.length, 0);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

export function requestFrame(command: CommandName): Buffer {
  const payload = Buffer.alloc(REQUEST_BYTES);
  payload.writeInt32LE(COMMAND[command]);
  return frameOf(payload);
}

/** How many frames follow. */
export function countPayload(count: number): Buffer {
  const payload = Buffer.alloc(COUNT_BYTES);
  payload.writeBigUInt64LE(BigInt(count));
  return payload;
}

/** A text and its NUL. */
export function textPayload(text: string): Buffer {
  return Buffer.from(`${text}\0`, "utf8");
}

/** A count as text in a field of fixed size. */
export function countTextPayload(count: number): Buffer {
  const payload = Buffer.alloc(COUNT_TEXT_BYTES);
  payload.write(String(count), "latin1");
  return payload;
}

/** @throws ConsoleError BAD_ANSWER */
export function parseCount(payload: Uint8Array): number {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const count = payload.length === COUNT_BYTES ? view.getBigUint64(0, true) : -1n;
  if (count >= 0n && count <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(count);
  throw new ConsoleError(
    "BAD_ANSWER",
    `the orchestrator sent ${payload.length} bytes where a number of entries (8 bytes) belongs`,
  );
}

/** Cuts a byte stream into frames. Keeps at most one frame that is not complete. */
export class FrameReader {
  readonly #max: number;
  #header = Buffer.alloc(HEADER_BYTES);
  #payload: Buffer | undefined;
  /** Bytes of the header, then of the payload, that have come. */
  #have = 0;

  /** `max`: payloads beyond it are refused when their header has come, before anything is kept. */
  constructor(max: number = MAX_FRAME_BYTES) {
    this.#max = max;
  }

  /** True between frames. */
  get idle(): boolean {
    return this.#payload === undefined && this.#have === 0;
  }

  /**
   * The payloads that are complete with `bytes`, in order; an empty one is the end of the session.
   * @throws ConsoleError BAD_FRAME
   */
  *push(bytes: Uint8Array): Generator<Buffer> {
    for (let at = 0; at < bytes.length; ) {
      const target = this.#payload ?? this.#header;
      const size = Math.min(target.length - this.#have, bytes.length - at);
      target.set(bytes.subarray(at, at + size), this.#have);
      this.#have += size;
      at += size;
      if (this.#have < target.length) return;
      this.#have = 0;
      if (this.#payload === undefined) {
        const length = this.#begin();
        if (length > 0) continue;
      }
      const payload = this.#payload ?? Buffer.alloc(0);
      this.#payload = undefined;
      yield payload;
    }
  }

  #begin(): number {
    const length = this.#header.readUInt32BE(0);
    if (length > this.#max) {
      const message = `a frame of ${length} bytes was announced where at most ${this.#max} are allowed`;
      throw new ConsoleError("BAD_FRAME", message, { facts: { length } });
    }
    if (length > 0) this.#payload = Buffer.alloc(length);
    return length;
  }
}
