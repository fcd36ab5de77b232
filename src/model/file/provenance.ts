// SPDX-License-Identifier: Apache-2.0
// What a model says of what was done with it after it was learned: behaviours that a person added, and the shadow runs it was promoted for.
// Facts only that follow from its inputs, so that the same steps give the same bytes.
import type { Hasher } from "../hasher.ts";
import { MAX_AMENDMENTS } from "../limits.ts";
import type { ModelSensor, WorkloadModel } from "./workload-model.ts";
import { makeWorkloadModel } from "./workload-model.ts";

/** Behaviours that were added by hand, from violations (`galgo model amend`). */
export interface Amendments {
  /** Points that nothing else brought. */
  readonly points: number;
  /** State values, hex, that the model had before each amendment, oldest first: runs under them were runs under this model. */
  readonly from: readonly string[];
}

/** What a model was promoted for (`galgo model promote`): shadow runs in which it would have refused nothing. */
export interface Promotion {
  /** hex: digest of the model that was watched. */
  readonly model: string;
  readonly sensor: ModelSensor;
  readonly runs: number;
  /** Events of all these runs. */
  readonly events: number;
  /** Points of the model that they met. */
  readonly behaviours: number;
}

/** The model with more points. What it was promoted for was another model, so that is left out. */
export function amended(
  model: WorkloadModel,
  points: readonly string[],
  hasher: Hasher,
): WorkloadModel {
  const { state, promoted: _, digest: __, completeness, ...spec } = model.spec;
  const { behaviours, ...learned } = completeness;
  const before = spec.amended ?? { points: 0, from: [] };
  const all = new Set([...spec.points, ...points]);
  const amendments: Amendments = {
    points: before.points + all.size - behaviours,
    from: [...before.from, state].slice(-MAX_AMENDMENTS),
  };
  return makeWorkloadModel(
    {
      ...spec,
      name: model.metadata.name,
      points: [...all],
      completeness: learned,
      amended: amendments,
    },
    hasher,
  );
}

/** The model with the evidence that it was watched. */
export function promoted(model: WorkloadModel, promotion: Promotion): WorkloadModel {
  return { ...model, spec: { ...model.spec, promoted: promotion } };
}
