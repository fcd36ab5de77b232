// SPDX-License-Identifier: Apache-2.0
// The records beside a model for a report: under the model's TASK_IDs, each with its time since the start of its own run.
import type { SecurityEvent } from "../../event/index.ts";
import type { WorkloadModel } from "../../model/index.ts";
import { Actors, isIdentity } from "../records/actors.ts";
import { readLearningRuns } from "../models/learning-runs.ts";
import { underRules } from "../models/model-rules.ts";
import type { Recorded } from "./programs.ts";

const NS_PER_MS = 1_000_000n;
/** 0 is no time. */
const START = 1n;

/** Behaviours of all runs on top of each other, and who is who. @throws RecordFileError */
export function learnedRecords(
  file: string,
  { spec }: WorkloadModel,
): { readonly records: readonly Recorded[]; readonly actors: Actors } {
  const timed = readLearningRuns(file).flatMap(({ records }) =>
    records.map(({ event, atMs }): SecurityEvent => {
      const ts = atMs === undefined ? 0n : BigInt(atMs) * NS_PER_MS + START;
      return { ...event, ts };
    }),
  );
  const actors = new Actors();
  const records: Recorded[] = [];
  for (const event of underRules(timed, spec)) {
    if (isIdentity(event)) actors.add(event);
    else records.push({ event });
  }
  return { records, actors };
}
