// SPDX-License-Identifier: Apache-2.0
// After how many learning runs a model holds: models of the first 1, 2, ... runs against the records of all later ones.
import { readLearningRuns } from "../../../src/orchestrator/inspect/index.ts";
import {
  BUILTIN_PROFILES,
  createMapper,
  createProfile,
  type LearningRun,
  mapRuns,
  modelFromRuns,
} from "../../../src/model/index.ts";
import { nodeHasher } from "../../../src/tma/index.ts";

/** What a model of the first k runs says of the runs after them. */
export interface Step {
  readonly runs: number;
  /** Behaviours of each later run that are not in the model. */
  readonly unknown: readonly number[];
}

export interface Convergence {
  readonly steps: readonly Step[];
  /** The first k whose model knows everything in the runs after the k-th; undefined when there is none. */
  readonly converged: number | undefined;
}

/** @param files the records of one run each, in the order of the runs */
export function convergence(files: readonly string[]): Convergence {
  const runs = files.flatMap((file) => readLearningRuns(file));
  const steps = runs.slice(1).map((_, i) => stepOf(runs, i + 1));
  const clean = steps.filter(({ unknown }) => unknown.every((count) => count === 0));
  return { steps, converged: clean[0]?.runs };
}

function stepOf(all: readonly LearningRun[], k: number): Step {
  const hasher = nodeHasher("sha256");
  const { model } = modelFromRuns(all.slice(0, k), {
    name: "converge",
    profile: BUILTIN_PROFILES.portable,
    hasher,
    fidelity: { sensor: "seccomp", sees: [], holds: [], absent: [], features: [] },
  });
  const mapper = createMapper(hasher, model.spec.mapping);
  const profile = createProfile(model.spec.profile, mapper);
  const known = new Set(model.spec.points);
  const unknown = all.slice(k).map((run) => {
    const { points } = mapRuns([run], { mapper, profile });
    return [...points].filter((point) => !known.has(point)).length;
  });
  return { runs: k, unknown };
}
