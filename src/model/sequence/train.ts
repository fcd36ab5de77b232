// SPDX-License-Identifier: Apache-2.0
// Learns a sequence model from normal traces. Deterministic: the same traces in any order give the same model, bit by bit.
import { ModelError } from "../errors.ts";
import { buildGrams, type Trace } from "./build.ts";
import { type Calibration, calibrationOf, type Peak } from "./calibration.ts";
import type { Grams } from "./grams.ts";
import { HeldOut, type SurpriseTaker } from "./held-out.ts";
import { IndicatorWalk } from "./indicators.ts";
import { type Language, languageOf } from "./language.ts";
import {
  BLOCK_EVENTS,
  FOLDS,
  LOW_ORDER,
  MAX_GRAMS,
  MAX_ORDER,
  MAX_SYMBOLS,
  MAX_TRAINING_EVENTS,
} from "./limits.ts";
import { type Readings, Windows } from "./readings.ts";

/** Traces of events by the place of their name. */
export interface TrainingSet {
  /** Names of events (coefficients, numbers of system calls), none twice, in any order. */
  readonly names: readonly string[];
  readonly traces: readonly TrainingTrace[];
  /** Traces that are known to be bad. */
  readonly indicators?: readonly Int32Array[];
  /** How long the runs took together; unset or 0: nobody knows. */
  readonly durationMs?: number;
}

export interface TrainingTrace {
  /** The run it comes from: traces of one run are left out together. */
  readonly run: string;
  readonly events: Int32Array;
}

/** A sequence model of one kind of stream. */
export interface SequenceModel {
  /** Names of the symbols of `grams`, ascending. */
  readonly names: readonly string[];
  readonly grams: Grams;
  /** n-grams of known-bad traces, in the same symbols; such a model is not written into a file. */
  readonly indicators?: Grams;
  readonly calibration: Calibration;
  readonly learned: LearnedFrom;
}

export interface LearnedFrom {
  readonly traces: number;
  readonly events: number;
  /** Events beyond MAX_TRAINING_EVENTS, at the ends of the longest traces: not learned. */
  readonly leftOut: number;
  /** Names beyond MAX_SYMBOLS: unknown to the model. */
  readonly rareNames: number;
}

/** Limits that tests make small. */
export interface TrainingLimits {
  readonly order?: number;
  readonly maxGrams?: number;
  readonly maxSymbols?: number;
  readonly maxEvents?: number;
}

/** @throws ModelError BAD_FIELD: no events at all */
export function trainSequences(set: TrainingSet, limits: TrainingLimits = {}): SequenceModel {
  const { order = MAX_ORDER, maxGrams = MAX_GRAMS } = limits;
  const cut = cutToLimit(set.traces, limits.maxEvents ?? MAX_TRAINING_EVENTS);
  if (cut.events === 0)
    throw new ModelError("BAD_FIELD", "there is no event to learn sequences from");
  const alphabet = alphabetOf(set.names, cut.traces, limits.maxSymbols ?? MAX_SYMBOLS);
  const traces = cut.traces.map(({ run, events }) => ({
    run,
    events: events.map((name) => alphabet.symbols[name] ?? -1),
  }));
  const terms = { alphabet: alphabet.names.length, order, maxGrams };
  const grams = buildGrams(
    traces.map(({ events }) => events),
    terms,
  );
  const bad = set.indicators?.map((events) => events.map((name) => alphabet.symbols[name] ?? -1));
  const indicators = bad === undefined ? {} : { indicators: buildGrams(bad, terms) };
  return {
    names: alphabet.names,
    grams,
    ...indicators,
    calibration: crossValidated({ grams, ...indicators }, traces, set.durationMs ?? 0),
    learned: {
      traces: traces.length,
      events: cut.events,
      leftOut: cut.leftOut,
      rareNames: alphabet.rare,
    },
  };
}

interface Cut {
  readonly traces: readonly TrainingTrace[];
  readonly events: number;
  readonly leftOut: number;
}

/** At most so many events: the longest traces lose their ends, all of them down to the same length. */
function cutToLimit(all: readonly TrainingTrace[], maxEvents: number): Cut {
  const traces = all.filter(({ events }) => events.length > 0);
  const total = traces.reduce((sum, { events }) => sum + events.length, 0);
  if (total <= maxEvents) return { traces, events: total, leftOut: 0 };
  let least = 0;
  let most = maxEvents;
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    const kept = traces.reduce((sum, { events }) => sum + Math.min(middle, events.length), 0);
    if (kept <= maxEvents) least = middle;
    else most = middle - 1;
  }
  const shorter = traces.map(({ run, events }) => ({ run, events: events.subarray(0, least) }));
  const events = shorter.reduce((sum, trace) => sum + trace.events.length, 0);
  return { traces: shorter, events, leftOut: total - events };
}

interface Alphabet {
  readonly names: readonly string[];
  /** By the place of a name in the set; -1: unknown. */
  readonly symbols: Int32Array;
  readonly rare: number;
}

function alphabetOf(
  names: readonly string[],
  traces: readonly TrainingTrace[],
  maxSymbols: number,
): Alphabet {
  const counts = new Float64Array(names.length);
  for (const { events } of traces)
    for (const name of events) counts[name] = (counts[name] ?? 0) + 1;
  const met = [...names.keys()].filter((place) => (counts[place] ?? 0) > 0);
  const byName = (a: number, b: number): number => ((names[a] ?? "") < (names[b] ?? "") ? -1 : 1);
  const byCount = (a: number, b: number): number =>
    (counts[b] ?? 0) - (counts[a] ?? 0) || byName(a, b);
  const kept = met.sort(byCount).slice(0, maxSymbols).sort(byName);
  const symbols = new Int32Array(names.length).fill(-1);
  for (const [symbol, place] of kept.entries()) symbols[place] = symbol;
  return {
    names: kept.map((place) => names[place] ?? ""),
    symbols,
    rare: met.length - kept.length,
  };
}

/** Every trace, scored by what the others gave. */
function crossValidated(
  { grams, indicators }: Pick<SequenceModel, "grams" | "indicators">,
  traces: readonly TrainingTrace[],
  durationMs: number,
): Calibration {
  const heldOut = new HeldOut(grams, LOW_ORDER);
  const bad = indicators === undefined ? undefined : languageOf(indicators);
  const readings: Readings[] = [];
  const peaks: Peak[] = [];
  for (const fold of foldsOf(traces))
    heldOut.without(fold, (trace, tell) => {
      const mixed = bad === undefined ? tell : mixedIn(bad, trace, tell);
      readings.push(readInto(peaks, mixed));
    });
  return calibrationOf({ traces: readings, peaks, durationMs });
}

type Telling = (take: SurpriseTaker) => void;

function mixedIn(bad: Language, trace: Trace, tell: Telling): Telling {
  return (take) => {
    const walk = new IndicatorWalk(bad);
    let at = 0;
    tell((surprise, low) => {
      take(surprise + walk.more(trace[at] ?? -1, surprise), low);
      at++;
    });
  };
}

/** The readings of a trace; the highest windows of its blocks go to `peaks`. */
function readInto(peaks: Peak[], tell: Telling): Readings {
  const windows = new Windows();
  let short = Number.NEGATIVE_INFINITY;
  let long = Number.NEGATIVE_INFINITY;
  tell((surprise, low) => {
    windows.add(surprise, low);
    short = Math.max(short, windows.short);
    long = Math.max(long, windows.long);
    if (windows.events % BLOCK_EVENTS !== 0) return;
    peaks.push({ short, long });
    short = long = Number.NEGATIVE_INFINITY;
  });
  // a trace within one window is as strange as all of it
  if (windows.events % BLOCK_EVENTS !== 0) peaks.push(atLeast({ short, long }, windows));
  return windows.readings();
}

function atLeast({ short, long }: Peak, windows: Windows): Peak {
  return {
    short: short === Number.NEGATIVE_INFINITY ? windows.meanSurprise : short,
    long: long === Number.NEGATIVE_INFINITY ? windows.meanSurprise : long,
  };
}

/** Traces that are left out together. Equal traces always are, or a trace would vouch for itself. */
function foldsOf(traces: readonly TrainingTrace[]): readonly (readonly Trace[])[] {
  const runs = new Set(traces.map(({ run }) => run));
  const byRun = runs.size >= MIN_RUNS;
  const folds = new Map<string | number, Trace[]>();
  for (const { run, events } of traces) {
    const key = byRun ? run : contentHash(events) % FOLDS;
    const fold = folds.get(key);
    if (fold === undefined) folds.set(key, [events]);
    else fold.push(events);
  }
  return folds.size >= MIN_RUNS ? [...folds.values()] : piecesOf(traces);
}

/** Fewer runs are no cross-validation: what one of them did not show would be most of it. */
const MIN_RUNS = 3;

/** Few long traces: each piece of them is left out by itself. */
function piecesOf(traces: readonly TrainingTrace[]): readonly (readonly Trace[])[] {
  return Array.from({ length: FOLDS }, (_, fold) =>
    traces.flatMap(({ events }) => {
      const from = Math.floor((events.length * fold) / FOLDS);
      const piece = events.subarray(from, Math.floor((events.length * (fold + 1)) / FOLDS));
      return piece.length === 0 ? [] : [piece];
    }),
  ).filter(({ length }) => length > 0);
}

/** FNV-1a over the symbols. */
function contentHash(trace: Trace): number {
  let hash = 0x811c9dc5;
  for (const symbol of trace) hash = Math.imul(hash ^ (symbol & 0xffff), 0x01000193);
  return hash >>> 0;
}
