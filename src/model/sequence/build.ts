// SPDX-License-Identifier: Apache-2.0
// Counts the n-grams of traces, length by length. Each length is complete before the next begins, so neither what is kept nor its order
// depends on the order of the traces; the memory is bounded by the number of events and by MAX_GRAMS.
import { type Grams, linked } from "./grams.ts";

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

const SYMBOL_BITS = 2 ** 20;

function keyOf(parent: number, symbol: number): number {
  return parent * SYMBOL_BITS + symbol;
}

/**
 * The n-grams of traces. When there would be more than `maxGrams`, the rarest of the length at which this happens are left out, all
 * that are equally rare together, and no longer ones are made.
 */
export function buildGrams(traces: readonly Trace[], terms: BuildTerms): Grams {
  const { alphabet, order, maxGrams } = terms;
  const levels = [firstLevel(traces, alphabet)];
  // of each event, the node of the n-gram that ends there
  let ends: readonly Int32Array[] = traces.map((trace) => trace.map((symbol) => symbol + 1));
  let nodes = 1 + alphabet;
  for (let length = 2; length <= order; length++) {
    const whole = countLevel(traces, ends);
    const level = rarestLeftOut(whole, maxGrams - nodes);
    if (level.keys.length === 0) break;
    ends = nextEnds(traces, ends, { level, firstNode: nodes });
    nodes += level.keys.length;
    levels.push(level);
    if (level !== whole) break;
  }
  return linked({ alphabet, order, ...laidOut(levels, nodes) });
}

function firstLevel(traces: readonly Trace[], alphabet: number): Level {
  const counts = new Float64Array(alphabet);
  for (const trace of traces)
    for (const symbol of trace) if (symbol >= 0) counts[symbol] = (counts[symbol] ?? 0) + 1;
  return { keys: Float64Array.from({ length: alphabet }, (_, symbol) => symbol), counts };
}

/** n-grams one longer than those that end at each event. */
function countLevel(traces: readonly Trace[], ends: readonly Int32Array[]): Level {
  const events = ends.reduce((sum, { length }) => sum + length, 0);
  const all = new Float64Array(events);
  let used = 0;
  for (const [index, trace] of traces.entries()) {
    const nodes = ends[index] ?? trace;
    for (let at = 1; at < trace.length; at++) {
      const parent = nodes[at - 1] ?? 0;
      // the n-gram without its first symbol has to be there too
      if (parent > 0 && (nodes[at] ?? 0) > 0) all[used++] = keyOf(parent, trace[at] ?? 0);
    }
  }
  return grouped(all.subarray(0, used).sort());
}

function grouped(sorted: Float64Array): Level {
  const keys = new Float64Array(sorted.length);
  const counts = new Float64Array(sorted.length);
  let groups = 0;
  for (let at = 0; at < sorted.length; at++) {
    const key = sorted[at] ?? 0;
    if (groups === 0 || keys[groups - 1] !== key) keys[groups++] = key;
    counts[groups - 1] = (counts[groups - 1] ?? 0) + 1;
  }
  return { keys: keys.slice(0, groups), counts: counts.slice(0, groups) };
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

interface PlacedLevel {
  readonly level: Level;
  readonly firstNode: number;
}

function nextEnds(
  traces: readonly Trace[],
  ends: readonly Int32Array[],
  placed: PlacedLevel,
): readonly Int32Array[] {
  return traces.map((trace, index) => nextEndsOf(trace, ends[index] ?? trace, placed));
}

function nextEndsOf(
  trace: Trace,
  before: Int32Array,
  { level, firstNode }: PlacedLevel,
): Int32Array {
  const after = new Int32Array(trace.length);
  for (let at = 1; at < trace.length; at++) {
    const parent = before[at - 1] ?? 0;
    if (parent <= 0 || (before[at] ?? 0) <= 0) continue;
    const place = placeOf(level.keys, keyOf(parent, trace[at] ?? 0));
    if (place >= 0) after[at] = firstNode + place;
  }
  return after;
}

function placeOf(keys: Float64Array, key: number): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = keys[middle] ?? 0;
    if (found === key) return middle;
    if (found < key) low = middle + 1;
    else high = middle;
  }
  return -1;
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
      const parent = Math.floor(key / SYMBOL_BITS);
      symbols[node] = key % SYMBOL_BITS;
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
