// SPDX-License-Identifier: Apache-2.0
// The records beside a model as events under its rules: the runs that they were recorded in had other rules, and so other TASK_IDs.
import type { SecurityEvent } from "../../event/index.ts";
import type { WorkloadModel } from "../../model/file/workload-model.ts";
import { Actors, isIdentity } from "../records/actors.ts";
import { underRules } from "./model-rules.ts";
import { readRecords } from "../records/record-file.ts";
import type { RecordsEnd } from "../records/record-file.ts";

/** What stands behind a model. */
export interface ModelRecords extends RecordsEnd {
  /** Behaviours of all runs, as recorded but with the model's TASK_IDs. */
  readonly events: readonly SecurityEvent[];
  /** For each of them the test that showed it first in its run, where the workload said so. */
  readonly tests: readonly (string | undefined)[];
  /** Who is behind the TASK_IDs. */
  readonly actors: Actors;
}

/**
 * Reads the records of `model`; without one the TASK_IDs stay those of the runs, and so they do when the records do not name everybody.
 * @throws RecordFileError
 */
export function loadModelRecords(path: string, model: WorkloadModel | undefined): ModelRecords {
  const raw: SecurityEvent[] = [];
  const named: (string | undefined)[] = [];
  const reader = readRecords(path);
  let step = reader.next();
  for (; step.done !== true; step = reader.next()) {
    raw.push(step.value.event);
    named.push(step.value.learned?.test);
  }
  const actors = new Actors();
  const events: SecurityEvent[] = [];
  const tests: (string | undefined)[] = [];
  const carried = model === undefined ? raw : underRules(raw, model.spec);
  for (const [i, event] of carried.entries()) {
    if (isIdentity(event)) actors.add(event);
    else {
      events.push(event);
      tests.push(named[i]);
    }
  }
  return { events, tests, actors, cutBytes: step.value.cutBytes };
}
