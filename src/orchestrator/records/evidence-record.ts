// SPDX-License-Identifier: Apache-2.0
// The folder of a run as a verifier wants it beside the run's evidence: its coefficients in the order of discovery, what was lost and
// violated, and words for single behaviours.
import { existsSync } from "node:fs";
import type { RunRecord as EvidenceRecord } from "../../attest/verify/index.ts";
import { quote } from "../../base/quote.ts";
import { describeEvent } from "../../event/index.ts";
import type { SecurityEvent } from "../../event/index.ts";
import { recordedBehaviours } from "../disclosed/disclose.ts";
import { loadModelRecords } from "../models/model-records.ts";
import { loadModel } from "../models/model-use.ts";
import { readRunRecord } from "../run-record.ts";
import type { RunDirectory } from "../state-dir.ts";
import type { Actors } from "./actors.ts";
import { readPoints } from "./points-file.ts";
import { loadRecords } from "./record-file.ts";

/** Reads what a run left behind, or has written so far. @throws StateError, RecordFileError, ModelUseError */
export function readEvidenceRecord(run: RunDirectory): EvidenceRecord {
  const { runId, outcome } = readRunRecord(run.run);
  const words = new Map<string, string>();
  const actors = nameLearned(run, words);
  nameViolations(run, actors, words);
  return {
    source: quote(run.path),
    id: runId,
    // written when a run ends; until then there are words for what was outside of its model
    ...(existsSync(run.points) && {
      coefficients: readPoints(run.points).map(({ coefficient }) => coefficient),
    }),
    ...(outcome !== undefined && {
      lost: outcome.counts.lost,
      violations: outcome.counts.violations,
    }),
    words,
  };
}

/** Behaviours of the trajectory, under the rules of the run's own model. */
function nameLearned(run: RunDirectory, words: Map<string, string>): Actors | undefined {
  if (!existsSync(run.model) || !existsSync(run.trajectory)) return undefined;
  const model = loadModel(run.model);
  const records = loadModelRecords(run.trajectory, model);
  for (const { coefficient, event } of recordedBehaviours(model, records)) {
    if (!words.has(coefficient)) words.set(coefficient, sentence(event, records.actors));
  }
  return records.actors;
}

/** Behaviours outside of the model, in the order in which they came: their records tell the coefficient. */
function nameViolations(
  run: RunDirectory,
  known: Actors | undefined,
  words: Map<string, string>,
): void {
  if (!existsSync(run.forensics)) return;
  const { records, actors } = loadRecords(run.forensics, known);
  for (const { event, mark } of records) {
    if (mark?.coefficient !== undefined) words.set(mark.coefficient, sentence(event, actors));
  }
}

/** Who does it, and what. */
function sentence(event: SecurityEvent, actors: Actors): string {
  const program = actors.programOf(event.task.taskId);
  const who = program === undefined ? "the workload" : quote(program, 200);
  return `${who} ${describeEvent(event, (id) => actors.programOf(id))}`;
}
