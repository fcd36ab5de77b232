// SPDX-License-Identifier: Apache-2.0
// Counts pairs of a node and a symbol: a hash table with open addressing over typed arrays. Which entry a pair gets depends on the order in which
// pairs come; what is made of them must not.

const SYMBOLS = 2 ** 20;
const FIRST_SLOTS = 2 ** 12;
/** Odd multipliers that spread nodes and symbols (Knuth's multiplicative hashing). */
const SPREAD_NODE = 0x9e3779b1;
const SPREAD_SYMBOL = 0x85ebca6b;

/** A pair as one number: pairs are sorted by node, then by symbol. */
export function keyOf(parent: number, symbol: number): number {
  return parent * SYMBOLS + symbol;
}

export function parentOf(key: number): number {
  return Math.floor(key / SYMBOLS);
}

export function symbolOf(key: number): number {
  // the remainder of floating-point numbers is slow
  return key - parentOf(key) * SYMBOLS;
}

export class PairCounter {
  /** Entry in each slot, plus 1; 0: none. A power of two of them, at most half full. */
  #slots: Int32Array = new Int32Array(FIRST_SLOTS);
  #keys: Float64Array = new Float64Array(FIRST_SLOTS / 2);
  #counts: Float64Array = new Float64Array(FIRST_SLOTS / 2);
  #size = 0;

  /** Different pairs. */
  get size(): number {
    return this.#size;
  }

  /** Of each entry. */
  get keys(): Float64Array {
    return this.#keys.subarray(0, this.#size);
  }

  get counts(): Float64Array {
    return this.#counts.subarray(0, this.#size);
  }

  /** Counts a pair: its entry, from 0. */
  add(key: number): number {
    const slot = this.#slotOf(key);
    const known = (this.#slots[slot] ?? 0) - 1;
    if (known >= 0) {
      this.#counts[known] = (this.#counts[known] ?? 0) + 1;
      return known;
    }
    const entry = this.#size;
    this.#size++;
    this.#keys[entry] = key;
    this.#counts[entry] = 1;
    this.#slots[slot] = entry + 1;
    if (this.#size === this.#keys.length) this.#grow();
    return entry;
  }

  /** -1: it was never counted. */
  entryOf(key: number): number {
    return (this.#slots[this.#slotOf(key)] ?? 0) - 1;
  }

  /** The slot of a pair, or the one where it belongs. */
  #slotOf(key: number): number {
    const slots = this.#slots;
    const keys = this.#keys;
    const mask = slots.length - 1;
    const parent = parentOf(key);
    const mixed = Math.imul(parent, SPREAD_NODE) ^ Math.imul(key - parent * SYMBOLS, SPREAD_SYMBOL);
    let slot = (mixed ^ (mixed >>> 15)) & mask;
    for (let entry = slots[slot] ?? 0; entry !== 0 && keys[entry - 1] !== key; ) {
      slot = (slot + 1) & mask;
      entry = slots[slot] ?? 0;
    }
    return slot;
  }

  #grow(): void {
    const { keys, counts } = this;
    this.#keys = new Float64Array(keys.length * 2);
    this.#counts = new Float64Array(keys.length * 2);
    this.#keys.set(keys);
    this.#counts.set(counts);
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (let entry = 0; entry < this.#size; entry++)
      this.#slots[this.#slotOf(this.#keys[entry] ?? 0)] = entry + 1;
  }
}
