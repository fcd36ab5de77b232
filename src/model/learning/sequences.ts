// SPDX-License-Identifier: Apache-2.0
// The sequence models of a workload: of its processes, and of all that happens in it, in the order in which it happened.
import {
  decodeSequences,
  encodeSequences,
  type SequenceModelSpec,
  type SequenceScorer,
  scorerOf,
  type TrainingTrace,
  trainSequences,
} from "../sequence/index.ts";
import type { LearningRun, RunSequence } from "./learning-run.ts";

/** The sequence models in a model file. */
export interface WorkloadSequences {
  /** What may be exceeded by chance, of all streams together. */
  readonly alarmsPerDay: number;
  /** Each process, until it becomes another program, is a stream. */
  readonly process: SequenceModelSpec;
  /** All processes of a run are one stream. */
  readonly workload: SequenceModelSpec;
}

/** A run with the coefficients of its behaviours, in the order of its records. */
export interface SequencedRun {
  readonly run: LearningRun;
  readonly coefficients: readonly string[];
}

/** What a run stands for at least (ms): tests do in seconds what production does in hours. */
const RUN_MS = 3_600_000;

/** What is said when some runs have no sequence. */
export const NO_SEQUENCE =
  "no model of sequences was learned: it was not recorded in which order the events of every run came";

/** Models of the sequences of all runs; undefined when not every run has one, because what a run did not tell would be strange. */
export function sequencesOf(
  runs: readonly SequencedRun[],
  alarmsPerDay: number,
): WorkloadSequences | undefined {
  const places = new Map<string, number>();
  const durationMs = runs.reduce((sum, { run }) => sum + Math.max(run.facts.durationMs, RUN_MS), 0);
  const processes: TrainingTrace[] = [];
  const workloads: TrainingTrace[] = [];
  for (const { run, coefficients } of runs) {
    const { id, sequence } = run;
    if (sequence === undefined) return undefined;
    const local = coefficients.map((name) => placeOf(places, name));
    const events = sequence.behaviours.map((behaviour) => local[behaviour] ?? -1);
    workloads.push({ run: id, events });
    for (const stream of streamsOf(sequence, events)) processes.push({ run: id, events: stream });
  }
  if (processes.length === 0) return undefined;
  const names = [...places.keys()];
  return {
    alarmsPerDay,
    process: encodeSequences(trainSequences({ names, traces: processes, durationMs })),
    workload: encodeSequences(trainSequences({ names, traces: workloads, durationMs })),
  };
}

/** Both models ready to score; each of them has half of the budget. */
export interface WorkloadScorers {
  readonly process: SequenceScorer;
  readonly workload: SequenceScorer;
}

/** @throws ModelError BAD_FIELD: they are damaged */
export function scorersOf(
  { process, workload, alarmsPerDay }: WorkloadSequences,
  budget: number = alarmsPerDay,
): WorkloadScorers {
  return {
    process: scorerOf(decodeSequences(process), budget / 2),
    workload: scorerOf(decodeSequences(workload), budget / 2),
  };
}

function placeOf(places: Map<string, number>, name: string): number {
  const known = places.get(name);
  if (known !== undefined) return known;
  places.set(name, places.size);
  return places.size - 1;
}

function streamsOf({ streams }: RunSequence, events: Int32Array): readonly Int32Array[] {
  const lengths: number[] = [];
  for (const stream of streams) lengths[stream] = (lengths[stream] ?? 0) + 1;
  const all = Array.from(lengths, (length) => new Int32Array(length ?? 0));
  const filled = new Int32Array(all.length);
  for (const [at, stream] of streams.entries()) {
    const next = filled[stream] ?? 0;
    filled[stream] = next + 1;
    const one = all[stream];
    if (one !== undefined) one[next] = events[at] ?? -1;
  }
  return all.filter(({ length }) => length > 0);
}
