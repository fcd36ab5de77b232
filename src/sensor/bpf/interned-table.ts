// SPDX-License-Identifier: Apache-2.0
// One table of interned behaviours: an array map of buckets that programs read and count in while user space adds to it.
// An entry never moves and is never taken away, so that a count always belongs to the key that was found.
import { BpfMap, MAP_FLAG, MAP_TYPE } from "../../native/bpf-map.ffi.ts";
import type { Mapping } from "../../native/mapping.ffi.ts";
import { BUCKET, ENTRY, IdentityNumber, Limit } from "./layout.gen.ts";

/** An entry is {u64 k0, u64 k1, u64 word}; one with k0 = 0 is free. */
export const ENTRIES_A_BUCKET: number = Limit.bucket;
const ENTRY_HALVES: number = ENTRY.bytes / 4;
const BUCKET_HALVES: number = BUCKET.bytes / 4;
/** Bits of the entry's word that count; the identity that an exec leads to is above them. */
const COUNT_MASK: bigint = (1n << BigInt(Limit.countBits)) - 1n;
/** Largest number of an identity that fits there. */
export const MAX_NEXT: number = IdentityNumber.max;
/** Place of the identity in the upper half of the word. */
const NEXT_SHIFT: number = Limit.countBits - 32;
const TWO_32 = 2 ** 32;

/** Element 0 of the map is no bucket: its first word is their number. */
const FIRST_BUCKET = 1;

function tableMap(buckets: number): BpfMap {
  return BpfMap.create({
    name: "galgo_set",
    type: MAP_TYPE.ARRAY,
    keyBytes: 4,
    valueBytes: BUCKET.bytes,
    maxEntries: FIRST_BUCKET + buckets,
    // INNER_MAP: a table may be replaced by one of another size
    flags: MAP_FLAG.MMAPABLE | MAP_FLAG.INNER_MAP,
  });
}

/** Keys as they stand in records: four halves a key (k0 low, k0 high, k1 low, k1 high) at a place in an array. */
export class InternedTable {
  readonly map: BpfMap;
  readonly buckets: number;
  readonly #mapping: Mapping;
  readonly #halves: Uint32Array;
  readonly #words: BigUint64Array;
  /** Which key an entry holds, as the set numbers them, plus 1; 0: free. Programs never see this. */
  readonly #owners: Int32Array;

  /** @param from buckets of a new table; or one that programs use already, made by another process: this object closes it */
  constructor(from: number | BpfMap) {
    this.map = typeof from === "number" ? tableMap(from) : from;
    const buckets = this.map.info.maxEntries - FIRST_BUCKET;
    this.buckets = buckets;
    this.#mapping = this.map.mapElements();
    const { memory } = this.#mapping;
    new BigUint64Array(memory, 0, 1)[0] = BigInt(buckets);
    const start = FIRST_BUCKET * BUCKET.bytes;
    this.#halves = new Uint32Array(memory, start, buckets * BUCKET_HALVES);
    this.#words = new BigUint64Array(memory, start, (buckets * BUCKET_HALVES) / 2);
    this.#owners = new Int32Array(buckets * ENTRIES_A_BUCKET);
  }

  /** The bucket that the high half of a key word chooses. */
  bucketOf(high: number): number {
    return Math.floor((high * this.buckets) / TWO_32);
  }

  /** Number of the key, or -1. */
  find(key: Uint32Array, at: number): number {
    const first = this.bucketOf(key[at + 1] ?? 0);
    const found = this.#findIn(first, key, at);
    return found >= 0 ? found : this.#findIn(this.bucketOf(key[at + 3] ?? 0), key, at);
  }

  #findIn(bucket: number, key: Uint32Array, at: number): number {
    const halves = this.#halves;
    for (let slot = 0; slot < ENTRIES_A_BUCKET; slot++) {
      const owner = this.#owners[bucket * ENTRIES_A_BUCKET + slot] ?? 0;
      if (owner === 0) break;
      const entry = bucket * BUCKET_HALVES + slot * ENTRY_HALVES;
      if (
        halves[entry] === key[at] &&
        halves[entry + 1] === key[at + 1] &&
        halves[entry + 2] === key[at + 2] &&
        halves[entry + 3] === key[at + 3]
      )
        return owner - 1;
    }
    return -1;
  }

  /** Entries of a bucket that are taken: they are filled from the first on. */
  fill(bucket: number): number {
    let slot = 0;
    while (slot < ENTRIES_A_BUCKET && (this.#owners[bucket * ENTRIES_A_BUCKET + slot] ?? 0) !== 0)
      slot++;
    return slot;
  }

  /**
   * Adds key `number` to a bucket that has room; a program finds it from then on.
   */
  put(bucket: number, number: number, key: Uint32Array, next: number): void {
    const slot = this.fill(bucket);
    const word = (bucket * BUCKET_HALVES + slot * ENTRY_HALVES) / 2;
    const half = 2 * word;
    this.#halves[half + 2] = key[2] ?? 0;
    this.#halves[half + 3] = key[3] ?? 0;
    this.#halves[half + 4] = 0;
    this.#halves[half + 5] = (next << NEXT_SHIFT) >>> 0;
    // the first word last, and in one piece: who sees it sees the others
    scratch[0] = key[0] ?? 0;
    scratch[1] = key[1] ?? 0;
    Atomics.store(this.#words, word, scratchWord[0] ?? 0n);
    this.#owners[bucket * ENTRIES_A_BUCKET + slot] = number + 1;
  }

  /**
   * Takes the entries of an adopted table.
   * @param numberOf number of a key (four halves from a place in an array), or -1
   * @returns entries that no number was known for: programs recognise them, and they are in no count
   */
  claim(numberOf: (words: Uint32Array, at: number) => number): number {
    let unknown = 0;
    for (let entry = 0; entry < this.#owners.length; entry++) {
      const half = entry * ENTRY_HALVES;
      if (this.#halves[half] === 0 && this.#halves[half + 1] === 0) continue;
      const number = numberOf(this.#halves, half);
      if (number < 0) unknown++;
      else this.#owners[entry] = number + 1;
    }
    return unknown;
  }

  /** Adds what programs have counted for each key to `sums`. */
  addCounts(sums: BigUint64Array): void {
    this.#eachEntry((number, word) => {
      sums[number] = (sums[number] ?? 0n) + (Atomics.load(this.#words, word) & COUNT_MASK);
    });
  }

  /** Moves counts from `limit` on to `sums`, so that none ever runs into the bits above it. @returns whether there were any */
  relieve(limit: bigint, sums: BigUint64Array): boolean {
    let moved = false;
    this.#eachEntry((number, word) => {
      const count = Atomics.load(this.#words, word) & COUNT_MASK;
      if (count < limit) return;
      Atomics.sub(this.#words, word, count);
      sums[number] = (sums[number] ?? 0n) + count;
      moved = true;
    });
    return moved;
  }

  close(): void {
    this.#mapping.close();
    this.map.close();
  }

  #eachEntry(visit: (number: number, word: number) => void): void {
    for (const [entry, owner] of this.#owners.entries()) {
      if (owner !== 0) visit(owner - 1, (entry * ENTRY_HALVES) / 2 + 2);
    }
  }
}

const scratch = new Uint32Array(2);
const scratchWord = new BigUint64Array(scratch.buffer);
