// SPDX-License-Identifier: Apache-2.0
// How probable the next symbol is after what came before: interpolated Witten-Bell smoothing (Witten and Bell 1991) over the n-grams, computed
// once for each n-gram, so that an event costs one or two steps along suffix links.
import { childOf, type Grams } from "./grams.ts";
import { UNITS_PER_NAT } from "./limits.ts";
import { ln } from "./ln.ts";

/** Surprise of n-grams in units (UNITS_PER_NAT), and what it costs that a symbol was never met after a context. */
export interface Language {
  readonly grams: Grams;
  /** -ln P(last symbol | the symbols before it), of each node. */
  readonly surprise: Int32Array;
  /** -ln of the probability that after this node something comes that was never met there. */
  readonly escapes: Int32Array;
  /** Surprise of a symbol that was never met at all, without any context. */
  readonly unknown: number;
}

/** -ln of a probability, in units. */
export function unitsOf(chance: number): number {
  return Math.round((0 - ln(chance)) * UNITS_PER_NAT);
}

/** Precomputes what scoring needs. */
export function languageOf(grams: Grams): Language {
  const chances = new Float64Array(grams.counts.length);
  const escapes = new Int32Array(grams.counts.length);
  for (const node of grams.counts.keys()) {
    const total = followers(grams, node);
    if (total === 0) continue;
    const kinds = (grams.first[node + 1] ?? 0) - (grams.first[node] ?? 0);
    escapes[node] = unitsOf(kinds / (total + kinds));
    fillIn(chances, grams, { node, total, kinds });
  }
  const surprise = Int32Array.from(chances, (chance) => (chance > 0 ? unitsOf(chance) : 0));
  return { grams, surprise, escapes, unknown: unitsOf(uniform(grams)) + (escapes[0] ?? 0) };
}

/** The chances of what follows a node; those of shorter n-grams, which come first in the trie, are known. */
function fillIn(
  chances: Float64Array,
  grams: Grams,
  { node, total, kinds }: Omit<Evidence, "lower"> & { readonly node: number },
): void {
  const begin = grams.first[node] ?? 0;
  for (let child = begin; child < begin + kinds; child++) {
    const lower = node === 0 ? uniform(grams) : (chances[grams.suffix[child] ?? 0] ?? 0);
    chances[child] = wittenBell(grams.counts[child] ?? 0, { total, kinds, lower });
  }
}

/** How often anything was met after a node. */
export function followers({ first, counts }: Grams, node: number): number {
  const end = first[node + 1] ?? 0;
  let total = 0;
  for (let child = first[node] ?? 0; child < end; child++) total += counts[child] ?? 0;
  return total;
}

/** Probability of each symbol when nothing is known; one more stands for all that were never met. */
export function uniform({ alphabet }: Grams): number {
  return 1 / (alphabet + 1);
}

/** A context: how often something came after it, how many different things, and what the next shorter one says. */
export interface Evidence {
  readonly total: number;
  readonly kinds: number;
  readonly lower: number;
}

/** The probability of what was met `count` times after a context. */
export function wittenBell(count: number, { total, kinds, lower }: Evidence): number {
  return (count + kinds * lower) / (total + kinds);
}

/** Goes along a stream: where in the trie it is, and how surprising the last event was. */
export class LanguageWalk {
  readonly #language: Language;
  /** Node of the longest known n-gram that ends at the last event and that anything ever followed. */
  #context = 0;
  /** The node of the last event alone: the context of the low order, which is 2. */
  #lowContext = 0;
  /** Surprise (units) of the last event. */
  surprise = 0;
  /** The same by the low order. */
  low = 0;

  constructor(language: Language) {
    this.#language = language;
  }

  /** The node from which the next event is expected. */
  get context(): number {
    return this.#context;
  }

  /** One more event; -1: unknown. */
  step(symbol: number): void {
    const { grams, surprise, unknown } = this.#language;
    if (symbol < 0) {
      this.surprise = this.#escapes(this.#context) + unknown;
      this.low = this.#escapes(this.#lowContext) + unknown;
      this.#context = 0;
      this.#lowContext = 0;
      return;
    }
    const last = childOf(grams, this.#lowContext, symbol);
    this.low =
      last < 0
        ? (this.#language.escapes[this.#lowContext] ?? 0) + (surprise[symbol + 1] ?? 0)
        : (surprise[last] ?? 0);
    this.#lowContext = symbol + 1;
    this.#follow(symbol);
  }

  /** Along the links until the symbol is known, at the latest by itself. */
  #follow(symbol: number): void {
    const { grams, surprise, escapes } = this.#language;
    const { first, suffix } = grams;
    let cost = 0;
    let at = this.#context;
    let child = childOf(grams, at, symbol);
    while (child < 0) {
      cost += escapes[at] ?? 0;
      at = suffix[at] ?? 0;
      child = childOf(grams, at, symbol);
    }
    this.surprise = cost + (surprise[child] ?? 0);
    while (child !== 0 && first[child] === first[child + 1]) child = suffix[child] ?? 0;
    this.#context = child;
  }

  /** What it costs that no context from here on ever met what comes. */
  #escapes(context: number): number {
    const { grams, escapes } = this.#language;
    let cost = 0;
    for (let at = context; at !== 0; at = grams.suffix[at] ?? 0) cost += escapes[at] ?? 0;
    return cost;
  }
}
