// SPDX-License-Identifier: Apache-2.0
// Cross-validation without training again: the n-grams that a part of the traces brought are subtracted from the counts, and that part is
// scored by what is left, as if it had never been seen.
import type { Trace } from "./build.ts";
import { childOf, type Grams } from "./grams.ts";
import { followers, uniform, unitsOf, wittenBell } from "./language.ts";

/** Surprise (units) of one event by the whole model and by its low orders. */
export type SurpriseTaker = (surprise: number, low: number) => void;

/** The n-grams less those of some of their traces. One at a time: `leaveOut`, score, `putBack`. */
export class HeldOut {
  readonly #grams: Grams;
  readonly #lowOrder: number;
  readonly #totals: Float64Array;
  readonly #kinds: Int32Array;
  /** What is left of the counts. */
  readonly #counts: Float64Array;
  /** Nodes of the n-grams that end at the event before, by length. */
  readonly #path: Int32Array;

  constructor(grams: Grams, lowOrder: number) {
    const { counts, first, order } = grams;
    this.#grams = grams;
    this.#lowOrder = lowOrder;
    this.#counts = counts.slice();
    this.#totals = new Float64Array(counts.length);
    this.#kinds = new Int32Array(counts.length);
    this.#path = new Int32Array(order + 1);
    for (let node = 0; node < counts.length; node++) {
      this.#kinds[node] = (first[node + 1] ?? 0) - (first[node] ?? 0);
      this.#totals[node] = followers(grams, node);
    }
  }

  leaveOut(trace: Trace): void {
    this.#change(trace, -1);
  }

  putBack(trace: Trace): void {
    this.#change(trace, 1);
  }

  /** Tells of each event of a trace how surprising it is by what is left. */
  score(trace: Trace, take: SurpriseTaker): void {
    this.#path.fill(0);
    for (let at = 0; at < trace.length; at++) this.#scoreOne(trace, at, take);
  }

  #scoreOne(trace: Trace, at: number, take: SurpriseTaker): void {
    const symbol = trace[at] ?? -1;
    const longest = Math.min(this.#grams.order, at + 1);
    let chance = uniform(this.#grams);
    let low = chance;
    for (let length = 1; length <= longest; length++) {
      const context = this.#path[length - 1] ?? 0;
      if (length > 1 && context === 0) break;
      chance = this.#chance(context, symbol, chance);
      if (length <= this.#lowOrder) low = chance;
    }
    this.#step(symbol);
    take(unitsOf(chance), unitsOf(low));
  }

  #chance(context: number, symbol: number, lower: number): number {
    const total = this.#totals[context] ?? 0;
    if (total === 0) return lower;
    const child = symbol < 0 ? -1 : childOf(this.#grams, context, symbol);
    const count = child < 0 ? 0 : (this.#counts[child] ?? 0);
    return wittenBell(count, { total, kinds: this.#kinds[context] ?? 0, lower });
  }

  /** The path after one more symbol. */
  #step(symbol: number): void {
    const path = this.#path;
    for (let length = path.length - 1; length >= 1; length--) {
      const parent = path[length - 1] ?? 0;
      const known = symbol >= 0 && (length === 1 || parent > 0);
      path[length] = known ? Math.max(0, childOf(this.#grams, parent, symbol)) : 0;
    }
  }

  #change(trace: Trace, by: 1 | -1): void {
    const path = this.#path.fill(0);
    const before = path.slice();
    for (const symbol of trace) {
      before.set(path);
      this.#step(symbol);
      for (let length = 1; length < path.length; length++) {
        const child = path[length] ?? 0;
        if (child > 0) this.#count(before[length - 1] ?? 0, child, by);
      }
    }
  }

  #count(parent: number, child: number, by: 1 | -1): void {
    const count = (this.#counts[child] ?? 0) + by;
    this.#counts[child] = count;
    this.#totals[parent] = (this.#totals[parent] ?? 0) + by;
    if (by === -1 && count === 0) this.#kinds[parent] = (this.#kinds[parent] ?? 0) - 1;
    if (by === 1 && count === 1) this.#kinds[parent] = (this.#kinds[parent] ?? 0) + 1;
  }
}
