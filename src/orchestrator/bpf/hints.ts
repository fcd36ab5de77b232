// SPDX-License-Identifier: Apache-2.0
// Hints for what is told to the programs before it happens: the records beside a model. They are believed in nothing: which of them
// the model allows is asked of the model.
import { existsSync } from "node:fs";
import type { EventOf, SecurityEvent } from "../../event/index.ts";
import { isIdentity } from "../records/actors.ts";
import { RecordFileError } from "../errors.ts";
import { recordsFileOf } from "../models/learn-files.ts";
import { MAX_HINTS } from "../limits.ts";
import { type ModelRules, underRules } from "../models/model-rules.ts";
import { readRecords } from "../records/record-file.ts";

export interface Hints {
  readonly events: readonly SecurityEvent[];
  /** Every behaviour of the model is among them. */
  readonly complete: boolean;
}

/** What is asked of the model. */
export interface HintedModel {
  /** Records were made under other rules: by these they get the TASK_IDs of the model. */
  readonly rules: ModelRules;
  /** Believes a record that proves it who is behind a TASK_ID: rules of programs ask for that. */
  introduce(record: EventOf<"bprm_committed_creds">): void;
  /** True: the keys of the programs do not say all that the coefficient depends on. */
  dependsOnProcess(event: SecurityEvent): boolean;
  pointOf(event: SecurityEvent): string | undefined;
  readonly points: number;
}

/** Events behind a model, as far as there are any that can be read. */
export function readHints(modelFile: string, model: HintedModel): Hints {
  const file = recordsFileOf(modelFile);
  const events: SecurityEvent[] = [];
  const points = new Set<string>();
  const hints = (): Hints => ({ events, complete: points.size === model.points });
  if (!existsSync(file)) return hints();
  const recorded = underRules(recordedIn(file), model.rules);
  for (const event of recorded) if (isIdentity(event)) model.introduce(event);
  for (const event of recorded) {
    if (isIdentity(event) || model.dependsOnProcess(event)) continue;
    const point = model.pointOf(event);
    if (point === undefined) continue;
    events.push(event);
    points.add(point);
  }
  return hints();
}

function recordedIn(file: string): readonly SecurityEvent[] {
  const recorded: SecurityEvent[] = [];
  try {
    for (const { event } of readRecords(file)) {
      recorded.push(event);
      if (recorded.length >= MAX_HINTS) break;
    }
  } catch (error) {
    // a record that can not be read hints at nothing; the others do
    if (!(error instanceof RecordFileError)) throw error;
  }
  return recorded;
}
