// SPDX-License-Identifier: Apache-2.0
// Reader of a BPF ring buffer, without copies: records are looked at where programs wrote them. The kernel maps the data twice
// in a row, so that a record that wraps is contiguous.
import type { BpfMap } from "../../native/bpf-map.ffi.ts";
import { Mapping, pageBytes } from "../../native/mapping.ffi.ts";
import { MAX_UNPUBLISHED_BYTES } from "./limits.ts";

/** Length of a record and its two flags, then a number that only the kernel uses. */
const HEADER_BYTES = 8;
/** The program is still writing it. */
const BUSY = 0x8000_0000;
/** The program gave it up: it holds nothing. */
const DISCARDED = 0x4000_0000;
const LENGTH = 0x3fff_ffff;

/** Gets a record: `bytes` bytes from `at` on in the ring's memory, which is valid until it returns. `at` is a multiple of 8. */
export type TakeRecord = (at: number, bytes: number) => void;

/** The only reader of a ring. */
export class BpfRing {
  /** Data of the ring, twice. Read only. */
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly #size: number;
  readonly #mappings: readonly Mapping[];
  readonly #consumed: BigUint64Array;
  readonly #produced: BigUint64Array;
  #position: number;

  readonly #unpublished: number;

  /**
   * @param map a ring buffer; this object does not close it
   * @param unpublished bytes that are taken before the kernel is told; 0: each record by itself, so that whoever reads on knows where
   * @throws NativeError when it can not be mapped
   */
  constructor(map: BpfMap, unpublished: number = MAX_UNPUBLISHED_BYTES) {
    const page = pageBytes();
    this.#unpublished = unpublished;
    this.#size = map.info.maxEntries;
    const consumer = Mapping.of(map.fd, page, "write");
    const producer = Mapping.of(map.fd, page + 2 * this.#size, "read", page);
    this.#mappings = [consumer, producer];
    this.#consumed = new BigUint64Array(consumer.memory, 0, 1);
    this.#produced = new BigUint64Array(producer.memory, 0, 1);
    this.bytes = new Uint8Array(producer.memory, page, 2 * this.#size);
    this.words = new Uint32Array(producer.memory, page, this.#size / 2);
    this.#position = Number(Atomics.load(this.#consumed, 0));
  }

  /**
   * Gives the records that are there to `take`, in order, `most` at most. Stops at one that is still being written.
   * Records that `take` has thrown on count as taken.
   * @returns how many were given
   */
  drain(take: TakeRecord, most: number = Number.POSITIVE_INFINITY): number {
    let taken = 0;
    let published = this.#position;
    try {
      while (taken < most) {
        const header = this.#next();
        if (header === undefined) break;
        const length = header & LENGTH;
        const at = this.#position % this.#size;
        this.#position += (length + HEADER_BYTES + 7) & ~7;
        if ((header & DISCARDED) === 0) {
          taken++;
          take(at + HEADER_BYTES, length);
        }
        if (this.#position - published >= this.#unpublished) {
          this.#publish();
          published = this.#position;
        }
      }
    } finally {
      this.#publish();
    }
    return taken;
  }

  /** Whether a record is there that is still being written: the ring can be read, but gives nothing yet. */
  get busy(): boolean {
    return this.#available() && this.#next() === undefined;
  }

  /** How far this reader has come (bytes since the ring was made). */
  get position(): number {
    return this.#position;
  }

  /** How far the programs have come: what anybody had reserved until now lies before it. */
  get produced(): number {
    return Number(Atomics.load(this.#produced, 0));
  }

  close(): void {
    for (const mapping of this.#mappings) mapping.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Header of the record at the reader's position; undefined: none, or not finished. */
  #next(): number | undefined {
    if (!this.#available()) return undefined;
    // the loads are ordered: what is before a header that is not busy has been written
    const header = Atomics.load(this.words, (this.#position % this.#size) / 4);
    return header >= BUSY ? undefined : header;
  }

  #available(): boolean {
    return this.#position < this.produced;
  }

  /** From now on programs may write over what was taken. */
  #publish(): void {
    Atomics.store(this.#consumed, 0, BigInt(this.#position));
  }
}
