// SPDX-License-Identifier: Apache-2.0
// Learning run by run: a run that has ended is added to the model of the runs before it.
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { quote } from "../../base/quote.ts";
import type { WorkloadModel } from "../../model/index.ts";
import { ModelUseError } from "../errors.ts";
import { recordedRun } from "../records/recorded-run.ts";
import type { FreeRules, RunResult } from "../run-request.ts";
import { recordsFileOf } from "./learn-files.ts";
import { learnFrom, refuseCutShort, refuseLoss } from "./learn-from.ts";
import { learningRunLines } from "./learning-runs.ts";
import { learnAgain } from "./merge-files.ts";
import { runsBehind } from "./model-runs.ts";
import { useModelFile } from "./model-use.ts";
import { writeModel } from "./write-model.ts";

export interface FurtherRequest {
  /** Of the run. */
  readonly rules: FreeRules;
  /** Model file: made by the first run. */
  readonly output: string;
  /** Beyond that many a run is added only when it brings something new. */
  readonly maxRuns: number;
}

export interface FurtherResult {
  readonly model: WorkloadModel;
  /** Runs behind the model now. */
  readonly runs: number;
  /** Behaviours of the model that it had not before. */
  readonly added: number;
}

/**
 * Adds a finished run of the mode free to a model. The model is written last, and not at all when something is wrong.
 * @throws RunError LOST_EVENTS, CUT_SHORT, TMA_FAILED; ModelUseError, RecordFileError, StateError NOT_WRITABLE
 */
export function learnFurther(run: RunResult, request: FurtherRequest): FurtherResult {
  const { rules, output, maxRuns } = request;
  refuseCutShort(run);
  refuseLoss(run);
  mkdirSync(dirname(output), { recursive: true, mode: 0o755 });
  const recordsFile = recordsFileOf(output);
  const before = existsSync(output) ? plainModel(output) : undefined;
  const earlier = before === undefined ? [] : runsBehind(before, recordsFile);
  if (earlier === undefined) {
    throw new ModelUseError(
      "BAD_MODEL",
      `the run was not added to ${quote(output)}: the records of its runs (${quote(recordsFile)}) are missing, or it was changed since`,
    );
  }
  const recorded = recordedRun(run, rules);
  const alone = learnFrom({ run: { rules } }, [run], [recorded]);
  const runs = [...earlier, recorded];
  const learned =
    before === undefined ? alone : learnAgain([before, alone.model], before.metadata.name, runs);
  const known = new Set(before?.spec.points ?? []);
  const added = learned.model.spec.points.filter((point) => !known.has(point)).length;
  if (before !== undefined && added === 0 && earlier.length >= maxRuns)
    return { model: before, runs: earlier.length, added };
  const texts = [...learningRunLines(learned.given)];
  writeModel(output, learned.model, { file: recordsFile, texts });
  return { model: learned.model, runs: learned.given.length, added };
}

/** What is learned further is another model, which nobody has signed. @throws ModelUseError */
function plainModel(file: string): WorkloadModel {
  const { model, signature } = useModelFile(file);
  if (signature === undefined) return model;
  throw new ModelUseError(
    "BAD_MODEL",
    `the run was not added to ${quote(file)}: it is signed, and would no longer be what was signed`,
  );
}
