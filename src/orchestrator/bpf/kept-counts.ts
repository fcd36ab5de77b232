// SPDX-License-Identifier: Apache-2.0
// Counts in a file that is mapped: kept by a plain store each, and there as soon as it is made, whoever is killed then. (A power
// failure takes the namespace with it as well.)
import { closeSync, fstatSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Mapping } from "../../native/mapping.ffi.ts";
import { MAX_LOSS_REASONS } from "../limits.ts";

const NUMBER_BYTES = Float64Array.BYTES_PER_ELEMENT;
/** Whole pages on every machine. */
const HEAD_BYTES = 65_536;
const PIECE_BITS = 13;
const IN_PIECE = (1 << PIECE_BITS) - 1;
const PIECE_BYTES = (1 << PIECE_BITS) * NUMBER_BYTES;

const ZEROS = new Uint8Array(HEAD_BYTES);

const NUMBERS = [
  "events",
  "violations",
  "refused",
  /** Records of the ring, and how many of them were held, and refused by the programs. */
  "records",
  "heldRecords",
  "refusedRecords",
  /** Events without a record, by then. */
  "lostRecords",
] as const;
export type KeptNumber = (typeof NUMBERS)[number];
const REASONS_AT = 64;
const NUMBER_AT: ReadonlyMap<KeptNumber, number> = new Map(NUMBERS.map((name, at) => [name, at]));

/** One writer. */
export class KeptCounts {
  readonly #fd: number;
  readonly #head: Float64Array;
  readonly #pieces: Float64Array[] = [];
  readonly #mappings: Mapping[] = [];
  #bytes: number;

  /** Opens the file, made when absent. @throws NativeError, Error of the file system */
  constructor(folder: string) {
    this.#fd = openSync(join(folder, "counts"), "a+", 0o600);
    this.#bytes = fstatSync(this.#fd).size;
    this.#head = this.#map(0, HEAD_BYTES);
    for (let at = HEAD_BYTES; at + PIECE_BYTES <= this.#bytes; at += PIECE_BYTES)
      this.#pieces.push(this.#map(at, PIECE_BYTES));
  }

  number(name: KeptNumber): number {
    return this.#head[NUMBER_AT.get(name) ?? 0] ?? 0;
  }

  setNumber(name: KeptNumber, value: number): void {
    this.#head[NUMBER_AT.get(name) ?? 0] = value;
  }

  /** @param reason number of a reason of loss; those beyond MAX_LOSS_REASONS share one place */
  loss(reason: number): number {
    return this.#head[placeOf(reason)] ?? 0;
  }

  addLoss(reason: number): void {
    this.#head[placeOf(reason)] = this.loss(reason) + 1;
  }

  /** Count of a point, by its place in the order of discovery. */
  point(index: number): number {
    return this.#pieces[index >>> PIECE_BITS]?.[index & IN_PIECE] ?? 0;
  }

  setPoint(index: number, count: number): void {
    const piece = this.#pieces[index >>> PIECE_BITS] ?? this.#grow();
    piece[index & IN_PIECE] = count;
  }

  close(): void {
    for (const mapping of this.#mappings) mapping.close();
    closeSync(this.#fd);
  }

  #grow(): Float64Array {
    const piece = this.#map(HEAD_BYTES + this.#pieces.length * PIECE_BYTES, PIECE_BYTES);
    this.#pieces.push(piece);
    return piece;
  }

  #map(at: number, bytes: number): Float64Array {
    // written, not only made longer: a store into a hole of a file system that is full would kill the process
    while (this.#bytes < at + bytes)
      this.#bytes += writeSync(
        this.#fd,
        ZEROS,
        0,
        Math.min(ZEROS.length, at + bytes - this.#bytes),
      );
    const mapping = Mapping.of(this.#fd, bytes, "write", at);
    this.#mappings.push(mapping);
    return new Float64Array(mapping.memory, 0, bytes / NUMBER_BYTES);
  }
}

function placeOf(reason: number): number {
  return REASONS_AT + Math.min(reason, MAX_LOSS_REASONS);
}
