// SPDX-License-Identifier: Apache-2.0
// Trains a sequence model on one folder of traces and tries it on two others: normal ones and attacks.
import {
  type Calibrated,
  calibratedOn,
  type Detection,
  detectionOf,
  type Scored,
  type Scores,
  SequenceStream,
  scorerOf,
  type SequenceModel,
  type SequenceScorer,
  trainSequences,
} from "../../model/sequence/index.ts";
import { type NamedTrace, readTraces, type TraceFolder } from "./trace-files.ts";

export interface EvaluateRequest {
  readonly train: string;
  readonly normal: string;
  readonly attack: string;
  /** Traces that are known to be bad. */
  readonly indicators?: string;
}

export interface Evaluation {
  /** By the verdict on a trace as a whole. */
  readonly all: Detection;
  /** Each different normal trace once, and only those that were not trained on. */
  readonly distinct: Detection;
  /** By the strangest window, which raises alarms while a process runs. */
  readonly alarm: Detection;
  /** By both. */
  readonly combined: Detection;
  readonly families: readonly Family[];
  readonly calibration: Calibrated;
  readonly training: Training;
  readonly scoring: Scoring;
  /** Files that hold no trace. */
  readonly skipped: readonly string[];
}

export interface Family extends Detection {
  readonly family: string;
}

export interface Training {
  readonly traces: number;
  readonly events: number;
  readonly names: number;
  readonly grams: number;
  readonly leftOut: number;
  readonly ms: number;
}

export interface Scoring {
  readonly events: number;
  readonly nsPerEvent: number;
}

/** A threshold plays no part here: any budget will do. */
const ALARMS_PER_DAY = 1;

/** @throws RecordFileError, ModelError */
export function evaluateSequences(request: EvaluateRequest): Evaluation {
  const { train, normal, attack, indicators } = request;
  const folders = {
    train: readTraces(train),
    normal: readTraces(normal),
    attack: readTraces(attack),
    ...(indicators === undefined ? {} : { indicators: readTraces(indicators) }),
  };
  const begun = performance.now();
  const model = trainOn(folders.train.traces, folders.indicators?.traces);
  const ms = performance.now() - begun;
  const scorer = scorerOf(model, ALARMS_PER_DAY);
  const [normals, attacks] = [folders.normal.traces, folders.attack.traces];
  const timed = { events: 0, ms: 0 };
  const allNormals = normals.map((trace) => scoresBy(scorer, trace, timed));
  const allAttacks = attacks.map((trace) => scoresBy(scorer, trace, timed));
  const scored = allNormals.map(({ verdict }) => verdict);
  const found = allAttacks.map(({ verdict }) => verdict);
  const fresh = freshOf(normals, folders.train.traces);
  return {
    all: detectionOf(scored, found),
    distinct: detectionOf(
      scored.filter((_, at) => fresh.has(at)),
      found,
    ),
    alarm: detectionBy("alarm", allNormals, allAttacks),
    combined: detectionBy("combined", allNormals, allAttacks),
    families: familiesOf(attacks, scored, found),
    calibration: calibratedOn(scored),
    training: {
      traces: model.learned.traces,
      events: model.learned.events,
      names: model.names.length,
      grams: model.grams.counts.length - 1,
      leftOut: model.learned.leftOut,
      ms,
    },
    scoring: { events: timed.events, nsPerEvent: (timed.ms * 1e6) / Math.max(1, timed.events) },
    skipped: skippedOf(Object.values(folders)),
  };
}

function detectionBy(
  which: keyof Scores,
  normals: readonly Scores[],
  attacks: readonly Scores[],
): Detection {
  return detectionOf(
    normals.map((scores) => scores[which]),
    attacks.map((scores) => scores[which]),
  );
}

function skippedOf(folders: readonly TraceFolder[]): readonly string[] {
  return folders.flatMap(({ skipped }) => skipped);
}

function trainOn(traces: readonly NamedTrace[], indicators?: readonly NamedTrace[]): SequenceModel {
  const places = new Map<string, number>();
  for (const { names } of traces)
    for (const name of names) if (!places.has(name)) places.set(name, places.size);
  const eventsOf = ({ names }: NamedTrace): Int32Array =>
    Int32Array.from(names, (name) => places.get(name) ?? -1);
  return trainSequences({
    names: [...places.keys()],
    traces: traces.map((trace) => ({ run: "", events: eventsOf(trace) })),
    ...(indicators === undefined ? {} : { indicators: indicators.map(eventsOf) }),
  });
}

/** The time is that of scoring alone: a run knows the symbols of its events. */
function scoresBy(
  scorer: SequenceScorer,
  { names }: NamedTrace,
  timed: { events: number; ms: number },
): Scores {
  const symbols = names.map((name) => scorer.symbolOf(name));
  const begun = performance.now();
  const stream = new SequenceStream(scorer);
  for (const symbol of symbols) stream.next(symbol);
  const scores = stream.finish();
  timed.ms += performance.now() - begun;
  timed.events += symbols.length;
  return scores;
}

/** Places of the normal traces that are new: not trained on, and not the same as one before. */
function freshOf(
  normals: readonly NamedTrace[],
  trained: readonly NamedTrace[],
): ReadonlySet<number> {
  const known = new Set(trained.map(({ names }) => names.join(" ")));
  const fresh = new Set<number>();
  for (const [at, { names }] of normals.entries()) {
    const text = names.join(" ");
    if (known.has(text)) continue;
    known.add(text);
    fresh.add(at);
  }
  return fresh;
}

function familiesOf(
  attacks: readonly NamedTrace[],
  normals: readonly Scored[],
  found: readonly Scored[],
): readonly Family[] {
  const families = new Map<string, Scored[]>();
  for (const [at, { family }] of attacks.entries()) {
    const one = found[at];
    if (one !== undefined) families.set(family, [...(families.get(family) ?? []), one]);
  }
  return [...families.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([family, scored]) => ({ family, ...detectionOf(normals, scored) }));
}
