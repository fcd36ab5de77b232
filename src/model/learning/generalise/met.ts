// SPDX-License-Identifier: Apache-2.0
// What the runs met, under the rules that there are so far: each behaviour with the runs that showed it.
import type { SecurityEvent } from "../../../event/event.ts";
import type { LearningRun } from "../learning-run.ts";
import { identitiesOf } from "../map-runs.ts";
import type { EventMapper } from "../../mapper.ts";
import { programName } from "../../rules/path-rules.ts";
import { createProfile, type Profile } from "../../rules/profile.ts";
import type { ProfileSpec } from "../../rules/rules.ts";

/** One behaviour, however many runs showed it. */
export interface Behaviour {
  readonly coefficient: string;
  /** As mapped. */
  readonly event: SecurityEvent;
  /** Indexes of the runs. */
  readonly runs: Set<number>;
  /** As recorded, with the TASK_IDs of these rules; with the run of each. */
  readonly occurrences: Occurrence[];
}

export interface Occurrence {
  readonly run: number;
  readonly raw: SecurityEvent;
}

export interface Met {
  readonly profile: Profile;
  /** How many runs there are. */
  readonly runs: number;
  readonly behaviours: ReadonlyMap<string, Behaviour>;
  /** Programs by their TASK_ID, as behaviours. */
  readonly programs: ReadonlyMap<string, Behaviour>;
  /** Name of the program behind a TASK_ID, as rules of programs have it. */
  programOf(taskId: string): string | undefined;
}

/** Rewrites and maps everything that the runs recorded. Throws `ModelError` as `mapRuns`. */
export function meet(runs: readonly LearningRun[], spec: ProfileSpec, mapper: EventMapper): Met {
  const profile = createProfile(spec, mapper);
  const recorded = runs.flatMap(({ records }) => records.map(({ event }) => event));
  const ids = identitiesOf(recorded, { mapper, profile });
  const behaviours = new Map<string, Behaviour>();
  const programs = new Map<string, Behaviour>();
  for (const [run, { records }] of runs.entries()) {
    for (const { event: record } of records) {
      const raw = ids.apply(record);
      if (record.hook === "bprm_committed_creds") {
        note(programs, { coefficient: raw.task.taskId, event: raw, run, raw });
        continue;
      }
      const event = profile.rewrite(raw);
      note(behaviours, { coefficient: mapper.coefficient(event), event, run, raw });
    }
  }
  const programOf = (taskId: string): string | undefined => {
    const found = ids.identities.get(taskId);
    return found === undefined
      ? undefined
      : programName(profile.rewriteExecutable(found.file).path);
  };
  return { profile, runs: runs.length, behaviours, programs, programOf };
}

type Noted = Occurrence & Pick<Behaviour, "coefficient" | "event">;

function note(all: Map<string, Behaviour>, { coefficient, event, run, raw }: Noted): void {
  let known = all.get(coefficient);
  if (known === undefined) {
    known = { coefficient, event, runs: new Set(), occurrences: [] };
    all.set(coefficient, known);
  }
  known.runs.add(run);
  known.occurrences.push({ run, raw });
}
