// SPDX-License-Identifier: Apache-2.0
// Counts the n-grams of traces, length by length. Each length is complete before the next begins, so neither what is kept nor its order
// depends on the order of the traces; the memory is bounded by the number of events and by MAX_GRAMS.
import { type Grams, linked } from "./grams.ts";
import { keyOf, PairCounter, parentOf, symbolOf } from "./pair-counter.ts";

/** Traces as symbols 0 .. alphabet - 1; -1: a symbol that the model does not tell from other rare ones. */
export type Trace = Int32Array;

export interface BuildTerms {
  readonly alphabet: number;
  readonly order: number;
  readonly maxGrams: number;
}

/** n-grams of one length. */
interface Level {
  /** (parent, symbol) of each, ascending; see `keyOf`. */
  readonly keys: Float64Array;
  readonly counts: Float64Array;
}

/**
 * The n-grams of traces. When there would be more than `maxGrams`, the rarest of the length at which this happens are left out, all
 * that are equally rare together, and no longer ones are made.
 */
export function buildGrams(traces: readonly Trace[], terms: BuildTerms): Grams {
  const { alphabet, order, maxGrams } = terms;
  const levels = [firstLevel(traces, alphabet)];
  // of each event, the node of the n-gram that ends there; 0: there is none
  const ends: readonly Int32Array[] = traces.map((trace) => trace.map((symbol) => symbol + 1));
  let nodes = 1 + alphabet;
  for (let length = 2; length <= order; length++) {
    const counter = new PairCounter();
    for (const [index, trace] of traces.entries())
      countLonger(counter, trace, ends[index] ?? trace);
    const { level, places } = placed(counter, maxGrams - nodes);
    if (level.keys.length === 0) break;
    for (const entries of ends) entriesToNodes(entries, places, nodes);
    nodes += level.keys.length;
    levels.push(level);
    if (level.keys.length < counter.size) break;
  }
  return linked({ alphabet, order, ...laidOut(levels, nodes) });
}

function firstLevel(traces: readonly Trace[], alphabet: number): Level {
  const counts = new Float64Array(alphabet);
  for (const trace of traces)
    for (const symbol of trace) if (symbol >= 0) counts[symbol] = (counts[symbol] ?? 0) + 1;
  return { keys: Float64Array.from({ length: alphabet }, (_, symbol) => symbol), counts };
}

/** Counts the n-grams one longer than those of `ends`, and puts into it which entry of the counter ends at each event, plus 1. */
function countLonger(counter: PairCounter, trace: Trace, ends: Int32Array): void {
  let before = 0;
  for (let at = 0; at < trace.length; at++) {
    const end = ends[at] ?? 0;
    // the n-gram without its first symbol has to be there too
    ends[at] = before > 0 && end > 0 ? counter.add(keyOf(before, trace[at] ?? 0)) + 1 : 0;
    before = end;
  }
}

interface PlacedLevel {
  readonly level: Level;
  /** Of each entry of the counter, its place in the level; -1: left out. */
  readonly places: Int32Array;
}

/** Entries in the order of their keys; where there is no room for all, without the rarest. */
function placed(counter: PairCounter, room: number): PlacedLevel {
  const keys = counter.keys.slice().sort();
  const counts = keys.map((key) => counter.counts[counter.entryOf(key)] ?? 0);
  const level = rarestLeftOut({ keys, counts }, room);
  const places = new Int32Array(counter.size).fill(-1);
  for (const [place, key] of level.keys.entries()) places[counter.entryOf(key)] = place;
  return { level, places };
}

function rarestLeftOut(level: Level, room: number): Level {
  if (level.keys.length <= room) return level;
  const descending = level.counts.slice().sort().reverse();
  const tooRare = descending[Math.max(0, room)] ?? 0;
  const kept = [...level.keys.keys()].filter((at) => (level.counts[at] ?? 0) > tooRare);
  return {
    keys: Float64Array.from(kept, (at) => level.keys[at] ?? 0),
    counts: Float64Array.from(kept, (at) => level.counts[at] ?? 0),
  };
}

function entriesToNodes(entries: Int32Array, places: Int32Array, firstNode: number): void {
  for (let at = 0; at < entries.length; at++) {
    const place = places[(entries[at] ?? 0) - 1] ?? -1;
    entries[at] = place < 0 ? 0 : firstNode + place;
  }
}

function laidOut(
  levels: readonly Level[],
  nodes: number,
): Pick<Grams, "symbols" | "counts" | "first"> {
  const symbols = new Int32Array(nodes);
  const counts = new Float64Array(nodes);
  const first = new Int32Array(nodes + 1).fill(-1);
  symbols[0] = -1;
  let node = 1;
  for (const level of levels) {
    for (const [at, key] of level.keys.entries()) {
      const parent = parentOf(key);
      symbols[node] = symbolOf(key);
      counts[node] = level.counts[at] ?? 0;
      if (first[parent] === -1) first[parent] = node;
      node++;
    }
  }
  // a node without children begins where the next one's children do
  first[nodes] = nodes;
  for (let at = nodes - 1; at >= 0; at--) if (first[at] === -1) first[at] = first[at + 1] ?? nodes;
  return { symbols, counts, first };
}
