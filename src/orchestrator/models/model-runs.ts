// SPDX-License-Identifier: Apache-2.0
// The recorded runs behind a model file, when they are all that is behind it.
import { existsSync } from "node:fs";
import { createMapper, createProfile, mapRuns, ModelError } from "../../model/index.ts";
import type { LearningRun, MappedRuns, WorkloadModel } from "../../model/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import { readLearningRuns } from "./learning-runs.ts";

/** Recorded runs, and what they are under the rules of their model. */
export interface RunsBehind {
  readonly runs: LearningRun[];
  readonly mapped: MappedRuns;
}

/**
 * The runs in a record file, when under the rules of `model` they give exactly its points; undefined when there is no such file or when
 * the model has been changed otherwise, so that it can not be made anew from them.
 * @throws RecordFileError
 */
export function mappedBehind(model: WorkloadModel, recordsFile: string): RunsBehind | undefined {
  if (!existsSync(recordsFile)) return undefined;
  const { completeness: c } = model.spec;
  const runs = readLearningRuns(recordsFile, {
    eventsSeen: c.eventsSeen,
    eventsLost: c.eventsLost,
    durationMs: 0,
    saturation: c.runs === 1 && c.saturation.length === 10 ? c.saturation : [],
  });
  const mapped = remap(runs, model, model.spec.pseudonyms);
  if (mapped?.points.size !== model.spec.points.length) return undefined;
  return model.spec.points.every((p) => mapped.points.has(p)) ? { runs, mapped } : undefined;
}

/** The runs of `mappedBehind`. @throws RecordFileError */
export function runsBehind(model: WorkloadModel, recordsFile: string): LearningRun[] | undefined {
  return mappedBehind(model, recordsFile)?.runs;
}

/** Runs under the rules of a model and these pseudonyms (hex); undefined when the records do not allow it. */
export function remap(
  runs: readonly LearningRun[],
  { spec }: WorkloadModel,
  pseudonyms: readonly string[],
): MappedRuns | undefined {
  const mapper = createMapper(nodeHasher(spec.digest), spec.mapping);
  try {
    return mapRuns(runs, { mapper, profile: createProfile(spec.profile, mapper), pseudonyms });
  } catch (error) {
    if (error instanceof ModelError) return undefined;
    throw error;
  }
}
