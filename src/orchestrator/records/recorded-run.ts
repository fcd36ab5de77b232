// SPDX-License-Identifier: Apache-2.0
// A run that has ended, as learning takes it: its trajectory, with how often each behaviour was met.
import { createMapper, createProfile, namePrograms } from "../../model/index.ts";
import type { LearningRun } from "../../model/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import { isIdentity } from "./actors.ts";
import { makeRun } from "../models/learning-runs.ts";
import type { ModelRules } from "../models/model-rules.ts";
import { readRecords } from "./record-file.ts";
import { readSequence } from "./sequence-log.ts";
import type { RunResult } from "../run-request.ts";

/** @param rules of the run: by them its behaviours were counted @throws RecordFileError */
export function recordedRun(run: RunResult, rules: ModelRules): LearningRun {
  const { directory, outcome, points, saturation } = run;
  const mapper = createMapper(nodeHasher(rules.digest), rules.mapping);
  const profile = createProfile(rules.profile, mapper);
  const counts = new Map(points.map(({ coefficient, count }) => [coefficient, count]));
  const recorded = [...readRecords(directory.trajectory)];
  namePrograms(
    recorded.map(({ event }) => event),
    { mapper, profile },
  );
  const records = recorded.map(({ event, learned }) => {
    const count = isIdentity(event)
      ? 1
      : (counts.get(mapper.coefficient(profile.rewrite(event))) ?? 1);
    return { event, count, ...(learned?.test === undefined ? {} : { test: learned.test }) };
  });
  const { counts: told, durationMs } = outcome;
  const behaviours = recorded.filter(({ event }) => !isIdentity(event)).length;
  const sequence = readSequence(directory.sequence, behaviours);
  const made = makeRun(records, {
    eventsSeen: told.events,
    eventsLost: told.lost,
    durationMs: Math.round(durationMs),
    saturation,
    started: run.record.started,
  });
  return sequence === undefined ? made : { ...made, sequence };
}
