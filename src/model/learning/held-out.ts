// SPDX-License-Identifier: Apache-2.0
// How well a model foretells a run: each run is held against what learning from all others gives. Rules are found in the same runs that they
// are then counted by, so the runs alone make a model look more complete than it is; a run that was left out does not.
import {
  MAX_HELD_OUT_RECORDS,
  MAX_HELD_OUT_RUNS,
  MIN_HELD_OUT_RUNS,
} from "../completeness/completeness-limits.ts";
import { ModelError } from "../errors.ts";
import type { LearningRun } from "./learning-run.ts";
import type { MappedRuns } from "./map-runs.ts";

/** Learning from some runs, as far as it is needed here. */
export interface Learning {
  /** The runs under the rules that were found in them. */
  readonly mapped: Pick<MappedRuns, "points">;
  /** Points of another run under the same rules. */
  pointsOf(run: LearningRun): Iterable<string>;
}

/**
 * By id of each run: how many of its behaviours a model of all others would have refused (leave-one-out cross-validation). undefined with
 * fewer than `MIN_HELD_OUT_RUNS` runs, and where it would take too long.
 */
export function surprisesIn(
  runs: readonly LearningRun[],
  learn: (runs: readonly LearningRun[]) => Learning,
): ReadonlyMap<string, number> | undefined {
  const records = runs.reduce((sum, run) => sum + run.records.length, 0);
  if (runs.length < MIN_HELD_OUT_RUNS || runs.length > MAX_HELD_OUT_RUNS) return undefined;
  if (records * runs.length > MAX_HELD_OUT_RECORDS) return undefined;
  try {
    return new Map(runs.map((run) => [run.id, surprises(run, runs, learn)]));
  } catch (error) {
    // without the others' records the ids of one run may not be known
    if (error instanceof ModelError) return undefined;
    throw error;
  }
}

function surprises(
  run: LearningRun,
  runs: readonly LearningRun[],
  learn: (runs: readonly LearningRun[]) => Learning,
): number {
  const { mapped, pointsOf } = learn(runs.filter((other) => other !== run));
  return [...pointsOf(run)].filter((point) => !mapped.points.has(point)).length;
}
