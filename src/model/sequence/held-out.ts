// SPDX-License-Identifier: Apache-2.0
// Cross-validation without training again: the n-grams that a part of the traces brought are subtracted from the counts, and that part is
// scored by what is left, as if it had never been seen.
import type { Trace } from "./build.ts";
import { childOf, type Grams } from "./grams.ts";
import { followers, uniform, unitsOf, wittenBell } from "./language.ts";

/** Surprise (units) of one event by the whole model and by its low orders. */
export type SurpriseTaker = (surprise: number, low: number) => void;

/** A trace with the nodes of the n-grams that end at each of its events, by length; 0 where the trie has none. */
interface Followed {
  readonly trace: Trace;
  /** Row by row: of event n the one of length 1 is at n * order. */
  readonly nodes: Int32Array;
}

/** The n-grams of a trie less those of some of the traces that it was made of. */
export class HeldOut {
  readonly #grams: Grams;
  readonly #lowOrder: number;
  readonly #totals: Float64Array;
  readonly #kinds: Int32Array;
  /** What is left of the counts. */
  readonly #counts: Float64Array;

  constructor(grams: Grams, lowOrder: number) {
    const { counts, first } = grams;
    this.#grams = grams;
    this.#lowOrder = lowOrder;
    this.#counts = counts.slice();
    this.#totals = new Float64Array(counts.length);
    this.#kinds = new Int32Array(counts.length);
    for (let node = 0; node < counts.length; node++) {
      this.#kinds[node] = (first[node + 1] ?? 0) - (first[node] ?? 0);
      this.#totals[node] = followers(grams, node);
    }
  }

  /** Leaves the traces out, has each of them scored, and puts them back. @param scored `tell` says how surprising each event of a trace is */
  without(
    traces: readonly Trace[],
    scored: (trace: Trace, tell: (take: SurpriseTaker) => void) => void,
  ): void {
    const all = traces.map((trace) => this.#follow(trace));
    for (const one of all) this.#change(one, -1);
    for (const one of all) scored(one.trace, (take) => this.#score(one, take));
    for (const one of all) this.#change(one, 1);
  }

  #follow(trace: Trace): Followed {
    const nodes = new Int32Array(trace.length * this.#grams.order);
    for (let at = 0; at < trace.length; at++) this.#followOne(trace, nodes, at);
    return { trace, nodes };
  }

  #followOne(trace: Trace, nodes: Int32Array, at: number): void {
    const { order } = this.#grams;
    const symbol = trace[at] ?? -1;
    if (symbol < 0) return;
    nodes[at * order] = symbol + 1;
    for (let length = 2; length <= Math.min(order, at + 1); length++) {
      const parent = nodes[(at - 1) * order + length - 2] ?? 0;
      const child = parent > 0 ? childOf(this.#grams, parent, symbol) : -1;
      // longer ones are not there either
      if (child < 0) return;
      nodes[at * order + length - 1] = child;
    }
  }

  #score({ trace, nodes }: Followed, take: SurpriseTaker): void {
    const { order } = this.#grams;
    for (let at = 0; at < trace.length; at++) {
      let chance = this.#chance(0, nodes[at * order] ?? 0, uniform(this.#grams));
      let low = chance;
      const longest = Math.min(order, at + 1);
      for (let length = 2; length <= longest; length++) {
        const context = nodes[(at - 1) * order + length - 2] ?? 0;
        if (context === 0) break;
        chance = this.#chance(context, nodes[at * order + length - 1] ?? 0, chance);
        if (length <= this.#lowOrder) low = chance;
      }
      take(unitsOf(chance), unitsOf(low));
    }
  }

  /** @param child 0: there is none */
  #chance(context: number, child: number, lower: number): number {
    const total = this.#totals[context] ?? 0;
    if (total === 0) return lower;
    const count = child === 0 ? 0 : (this.#counts[child] ?? 0);
    return wittenBell(count, { total, kinds: this.#kinds[context] ?? 0, lower });
  }

  #change({ trace, nodes }: Followed, by: 1 | -1): void {
    const { order } = this.#grams;
    for (let at = 0; at < trace.length; at++) {
      for (let length = 1; length <= order; length++) {
        const child = nodes[at * order + length - 1] ?? 0;
        if (child === 0) break;
        this.#count(length === 1 ? 0 : (nodes[(at - 1) * order + length - 2] ?? 0), child, by);
      }
    }
  }

  #count(parent: number, child: number, by: 1 | -1): void {
    const before = this.#counts[child] ?? 0;
    this.#counts[child] = before + by;
    this.#totals[parent] = (this.#totals[parent] ?? 0) + by;
    // it is another kind, or one less, when its count comes from or falls to none
    if (before + Math.min(by, 0) === 0) this.#kinds[parent] = (this.#kinds[parent] ?? 0) + by;
  }
}
