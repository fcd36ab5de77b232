// SPDX-License-Identifier: Apache-2.0
// A console of Quixote that knows nothing but bytes: written from the protocol's description, not from our code.
import assert from "node:assert/strict";
import { connect } from "node:net";
import type { Socket } from "node:net";

/** Numbers of the commands. */
export const ASK = {
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

/** One session. */
export class RawConsole {
  readonly socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.socket = connect(path);
    this.socket.on("error", () => undefined);
    this.#chunks = this.socket[Symbol.asyncIterator]();
  }

  /** 00 00 00 04, then the number, low byte first. */
  request(command: number): void {
    this.socket.write(Buffer.from([0, 0, 0, 4, command, 0, 0, 0]));
  }

  /** The next bytes; undefined when the session was closed instead. */
  async take(size: number): Promise<Buffer | undefined> {
    while (this.#bytes.length < size) {
      const chunk = await this.#chunks.next().catch(() => undefined);
      if (chunk === undefined || chunk.done === true) return undefined;
      this.#bytes = Buffer.concat([this.#bytes, chunk.value]);
    }
    const taken = this.#bytes.subarray(0, size);
    this.#bytes = this.#bytes.subarray(size);
    return taken;
  }

  async frame(): Promise<Buffer> {
    const header = await this.take(4);
    const payload = header === undefined ? undefined : await this.take(header.readUInt32BE(0));
    assert.ok(payload !== undefined, "the session was closed");
    return payload;
  }

  async value(command: number): Promise<string> {
    this.request(command);
    const value = await this.frame();
    assert.equal(value.length, 32);
    return value.toString("hex");
  }

  async list(command: number): Promise<Buffer[]> {
    this.request(command);
    return this.rest();
  }

  /** A count of 8 bytes, low byte first, and that many frames. */
  async rest(): Promise<Buffer[]> {
    const count = await this.frame();
    assert.equal(count.length, 8);
    const frames: Buffer[] = [];
    while (BigInt(frames.length) < count.readBigUInt64LE(0)) frames.push(await this.frame());
    return frames;
  }

  /** Length 0 ends the session; the other end closes then. */
  async end(): Promise<void> {
    this.socket.write(Buffer.alloc(4));
    assert.equal(await this.take(1), undefined);
  }
}

/** Texts of frames that end in their only NUL. */
export function texts(frames: readonly Buffer[]): string[] {
  return frames.map((frame) => {
    assert.equal(frame.indexOf(0), frame.length - 1);
    return frame.toString("utf8", 0, frame.length - 1);
  });
}

/** Counts of frames of 21 bytes that hold zeros after their text. */
export function counts(frames: readonly Buffer[]): number[] {
  return frames.map((frame) => {
    assert.equal(frame.length, 21);
    const end = frame.indexOf(0);
    assert.ok(frame.subarray(end).every((byte) => byte === 0));
    const text = frame.toString("latin1", 0, end);
    assert.match(text, /^[1-9]\d*$|^0$/);
    return Number(text);
  });
}
