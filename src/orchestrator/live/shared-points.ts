// SPDX-License-Identifier: Apache-2.0
// The points of a model in memory that two threads share: the one that decides writes a count with one plain store and never
// waits; the other reads at any time. Pieces of memory are handed over through a port when the points outgrow the last one.
import type { MessagePort } from "node:worker_threads";
import { receiveMessageOnPort } from "node:worker_threads";
import type { PointObserver, SecurityPoint } from "../../model/runtime/index.ts";
import { InstantReader, InstantWriter } from "./instant.ts";
import { SHARED_POINTS, SHARED_POINTS_BITS } from "./limits.ts";

const POINTS = 0;
const SEAL = 1;
const WORDS = 2;
const IN_PIECE = SHARED_POINTS - 1;

/** One piece: counts, then validity, then coefficients. */
interface Piece {
  // plain 64-bit stores; they are not torn on the processors that Galgo runs on
  readonly counts: Float64Array;
  readonly valid: Uint8Array;
  readonly coefficients: Buffer;
}

/** What both ends start with; can be posted to a thread, with the port in the list of what is transferred. */
export interface SharedPointsLink {
  readonly words: SharedArrayBuffer;
  /** What is published together (`newInstantWords`). */
  readonly instant: SharedArrayBuffer;
  readonly port: MessagePort;
  /** Bytes of a coefficient. */
  readonly size: number;
}

export function newSharedWords(): SharedArrayBuffer {
  return new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT);
}

function pieceBytes(size: number): number {
  return SHARED_POINTS * (Float64Array.BYTES_PER_ELEMENT + 1 + size);
}

function pieceOf(memory: SharedArrayBuffer, size: number): Piece {
  const countBytes = SHARED_POINTS * Float64Array.BYTES_PER_ELEMENT;
  return {
    counts: new Float64Array(memory, 0, SHARED_POINTS),
    valid: new Uint8Array(memory, countBytes, SHARED_POINTS),
    coefficients: Buffer.from(memory, countBytes + SHARED_POINTS, SHARED_POINTS * size),
  };
}

/** The end of the thread that decides. */
export class SharedPointsWriter implements PointObserver {
  /** The points are part of it as soon as they are published. */
  readonly instant: InstantWriter;
  readonly #words: Int32Array;
  readonly #port: MessagePort;
  readonly #size: number;
  readonly #pieces: Piece[] = [];
  /** Those of the pieces, for the way of every event. */
  readonly #counts: Float64Array[] = [];

  constructor({ words, instant, port, size }: SharedPointsLink) {
    this.instant = new InstantWriter(instant);
    this.#words = new Int32Array(words);
    this.#port = port;
    this.#size = size;
  }

  /** True once the other end has asked for a sealed model. */
  get sealWanted(): boolean {
    return Atomics.load(this.#words, SEAL) !== 0;
  }

  added(index: number, { coefficient, count, valid }: SecurityPoint): void {
    const piece = this.#pieces[index >>> SHARED_POINTS_BITS] ?? this.#grow();
    const at = index & IN_PIECE;
    piece.counts[at] = count;
    piece.valid[at] = valid ? 1 : 0;
    piece.coefficients.write(coefficient, at * this.#size, "hex");
    // what was written before it is seen by who sees the new number
    Atomics.store(this.#words, POINTS, index + 1);
    this.instant.points = index + 1;
  }

  counted(index: number, count: number): void {
    const counts = this.#counts[index >>> SHARED_POINTS_BITS];
    if (counts !== undefined) counts[index & IN_PIECE] = count;
  }

  aggregated(hex: string): void {
    this.instant.aggregated(hex);
  }

  #grow(): Piece {
    const memory = new SharedArrayBuffer(pieceBytes(this.#size));
    this.#port.postMessage(memory);
    const piece = pieceOf(memory, this.#size);
    this.#pieces.push(piece);
    this.#counts.push(piece.counts);
    return piece;
  }
}

/** The end of the thread that shows. */
export class SharedPointsReader {
  readonly instant: InstantReader;
  readonly #words: Int32Array;
  readonly #port: MessagePort;
  readonly #size: number;
  readonly #pieces: Piece[] = [];

  constructor({ words, instant, port, size }: SharedPointsLink) {
    this.instant = new InstantReader(instant);
    this.#words = new Int32Array(words);
    this.#port = port;
    this.#size = size;
  }

  orderSeal(): void {
    Atomics.store(this.#words, SEAL, 1);
  }

  /** Points so far, published or not. */
  get length(): number {
    return Atomics.load(this.#words, POINTS);
  }

  /** The coefficients (hex) with numbers from `from` to before `to`, in the order of discovery. */
  *coefficients(from: number, to: number): Generator<string> {
    for (let index = from; index < to; index += 1) yield this.#coefficient(index);
  }

  points(): SecurityPoint[] {
    const points: SecurityPoint[] = [];
    const { length } = this;
    for (let index = 0; index < length; index += 1) {
      const { counts, valid } = this.#piece(index);
      const at = index & IN_PIECE;
      points.push({
        coefficient: this.#coefficient(index),
        count: counts[at] ?? 0,
        valid: valid[at] === 1,
      });
    }
    return points;
  }

  close(): void {
    this.#port.close();
  }

  #coefficient(index: number): string {
    const start = (index & IN_PIECE) * this.#size;
    return this.#piece(index).coefficients.toString("hex", start, start + this.#size);
  }

  /** Pieces are posted before the number says that they hold something, so the one wanted is there. */
  #piece(index: number): Piece {
    const wanted = index >>> SHARED_POINTS_BITS;
    while (this.#pieces.length <= wanted) {
      const received: { message: SharedArrayBuffer } | undefined = receiveMessageOnPort(this.#port);
      if (received === undefined) throw new Error(`point ${index} has no memory`);
      this.#pieces.push(pieceOf(received.message, this.#size));
    }
    const piece = this.#pieces[wanted];
    if (piece === undefined) throw new Error(`point ${index} has no memory`);
    return piece;
  }
}
