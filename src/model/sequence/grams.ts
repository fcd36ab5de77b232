// SPDX-License-Identifier: Apache-2.0
// The n-grams of traces as a trie in its one canonical order: nodes by length, then by their parent, then by symbol. Node 0 is the empty
// n-gram; the children of a node stand side by side. Each n-gram is linked to itself without its first symbol.
import { ModelError } from "../errors.ts";

/** n-grams and how often they were met. */
export interface Grams {
  /** Different symbols; they are 0 .. alphabet - 1, and each is an n-gram: symbol s is node s + 1. */
  readonly alphabet: number;
  readonly order: number;
  /** Last symbol of each node's n-gram. */
  readonly symbols: Int32Array;
  readonly counts: Float64Array;
  /** Children of node n: first[n] .. first[n + 1] - 1. */
  readonly first: Int32Array;
  /** Node of the n-gram without its first symbol. */
  readonly suffix: Int32Array;
}

/** Without the links, which follow from the rest. */
export type PlainGrams = Omit<Grams, "suffix">;

/** The node of `parent`'s n-gram with `symbol` after it; -1 when it was never met. */
export function childOf(grams: PlainGrams, parent: number, symbol: number): number {
  if (parent === 0) return symbol >= 0 && symbol < grams.alphabet ? symbol + 1 : -1;
  return amongSiblings(grams, parent, symbol);
}

function amongSiblings({ first, symbols }: PlainGrams, parent: number, symbol: number): number {
  const end = first[parent + 1] ?? 0;
  let low = first[parent] ?? 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((symbols[middle] ?? 0) < symbol) low = middle + 1;
    else high = middle;
  }
  return low < end && symbols[low] === symbol ? low : -1;
}

/** Adds the links. @throws ModelError BAD_FIELD: an n-gram is there without a part of it, which no traces give */
export function linked(grams: PlainGrams): Grams {
  const { first, symbols } = grams;
  const nodes = symbols.length;
  const suffix = new Int32Array(nodes);
  for (let node = 1; node < nodes; node++) {
    const from = suffix[node] ?? 0;
    const end = first[node + 1] ?? 0;
    for (let child = first[node] ?? 0; child < end; child++) {
      const link = childOf(grams, from, symbols[child] ?? -1);
      if (link < 0)
        throw new ModelError("BAD_FIELD", "an n-gram of the sequence model lacks its own end");
      suffix[child] = link;
    }
  }
  return { ...grams, suffix };
}

/** The symbols of a node's n-gram, the first one first. */
export function symbolsOf(grams: Grams, node: number): readonly number[] {
  const symbols: number[] = [];
  for (let at = node; at > 0; at = parentOf(grams, at)) symbols.push(grams.symbols[at] ?? -1);
  return symbols.reverse();
}

/** The node whose child it is: the last one whose children begin at or before it. */
function parentOf({ first }: Grams, node: number): number {
  let low = 0;
  let high = first.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((first[middle] ?? 0) <= node) low = middle;
    else high = middle;
  }
  return low;
}
