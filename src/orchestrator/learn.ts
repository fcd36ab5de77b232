// SPDX-License-Identifier: Apache-2.0
// Learning: runs a command once or more without refusing anything, and makes one sealed model of what was recorded.
import {
  checkRequirements,
  ModelError,
  NO_SEQUENCE,
  stringifyWorkloadModel,
} from "../model/index.ts";
import type {
  LearnedModel,
  LearningRun,
  RuleSpec,
  Varying,
  WorkloadModel,
} from "../model/index.ts";
import { RunError } from "./errors.ts";
import { recordsFileOf } from "./models/learn-files.ts";
import { learnFrom, refuseCutShort, refuseLoss } from "./models/learn-from.ts";
import { learningRunLines } from "./models/learning-runs.ts";
import { requireWritable } from "./models/write-model.ts";
import { validPoints } from "./records/points-file.ts";
import { recordedRun } from "./records/recorded-run.ts";
import { runWorkload } from "./run.ts";
import type { RunObserver, RunRequest, RunResult } from "./run-request.ts";
import type { ChildExit } from "./run-record.ts";
import { writeAtomic } from "./state-dir.ts";
import { makeMarksDirectory, removeMarksDirectory } from "./namespace/test-marks.ts";

const ALLOW_LOSS = ". --allow-loss writes it all the same and says so in it";

export interface LearnRequest {
  /** Mode free; one run after the other is made from it. */
  readonly run: RunRequest & { readonly mode: "free" };
  readonly runs: number;
  /** Model file to write; the records go beside it. */
  readonly output: string;
  /** Write a model although events were lost. */
  readonly allowLoss: boolean;
  /** Behaviours that the workload must have; none: nothing is asked. */
  readonly required?: readonly string[];
  /** Learn sequences, too, with thresholds for so many false alarms a day. */
  readonly alarmsPerDay?: number;
}

export interface LearnObserver extends RunObserver {
  /** After each run, with the behaviours that the runs before it did not show; rules that are found in the end may make them fewer. */
  onRun?(run: RunResult, index: number, added: number): void;
}

export interface LearnResult {
  readonly model: WorkloadModel;
  readonly output: string;
  readonly recordsFile: string;
  readonly runs: readonly RunResult[];
  /** Rules that this workload needed in addition to the profile's. */
  readonly rules: readonly RuleSpec[];
  /** What differed between the runs and is covered by no rule. */
  readonly varying: readonly Varying[];
  /** How many behaviours each run brought that those before it had not, under the rules of the model. */
  readonly brought: readonly number[];
  readonly events: number;
  readonly lost: number;
  /** How the command ended: the first ending that was not a success, else the last. */
  readonly exit: ChildExit;
}

/**
 * Runs, learns, writes. Nothing is written to `output` before everything has succeeded.
 * @throws RunError LOST_EVENTS and whatever a run throws
 */
export async function learnWorkload(
  request: LearnRequest,
  observer: LearnObserver = {},
): Promise<LearnResult> {
  requireReadable(request.required ?? []);
  const recordsFile = recordsFileOf(request.output);
  for (const file of [request.output, recordsFile]) requireWritable(file);
  const runs: RunResult[] = [];
  const recorded: LearningRun[] = [];
  const known = new Set<string>();
  for (let index = 0; index < request.runs; index += 1) {
    const run = await runMarked(
      { ...request.run, sequences: request.alarmsPerDay !== undefined },
      observer,
    );
    runs.push(run);
    const before = known.size;
    for (const point of validPoints(run.points)) known.add(point);
    observer.onRun?.(run, index, known.size - before);
    refuseCutShort(run);
    if (!request.allowLoss) refuseLoss(run, ALLOW_LOSS);
    recorded.push(recordedRun(run, request.run.rules));
    if (run.stopRequested) break;
  }
  const learned = learnFrom(request, runs, recorded);
  if (request.alarmsPerDay !== undefined && learned.model.spec.sequences === undefined)
    observer.onNotice?.(NO_SEQUENCE);
  write(request.output, recordsFile, recorded, learned.model);
  return {
    model: learned.model,
    output: request.output,
    recordsFile,
    runs,
    rules: learned.rules,
    varying: learned.varying,
    brought: broughtBy(recorded, learned),
    events: sum(runs, ({ counts }) => counts.events),
    lost: sum(runs, ({ counts }) => counts.lost),
    exit: exitOf(runs),
  };
}

/** A run in which the workload can say which test it is at, where it is started here and a sensor tells of it. */
async function runMarked(
  request: LearnRequest["run"],
  observer: LearnObserver,
): Promise<RunResult> {
  const { tsem, bpf } = request;
  if (tsem !== undefined || bpf?.attach !== undefined) return runWorkload(request, observer);
  const marks = makeMarksDirectory();
  try {
    return await runWorkload({ ...request, marks }, observer);
  } finally {
    removeMarksDirectory(marks);
  }
}

function broughtBy(recorded: readonly LearningRun[], { runs }: LearnedModel): readonly number[] {
  const known = new Set<string>();
  return recorded.map(({ id }) => {
    const before = known.size;
    for (const point of runs.find((run) => run.id === id)?.points.keys() ?? []) known.add(point);
    return known.size - before;
  });
}

/** Found out before the workload runs, as what can not be written is. */
function requireReadable(required: readonly string[]): void {
  try {
    checkRequirements(required, []);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new RunError("BAD_OPTION", error.message, { cause: error });
  }
}

function write(
  output: string,
  recordsFile: string,
  runs: readonly LearningRun[],
  model: WorkloadModel,
): void {
  // the model comes last: where it is, its records are
  writeAtomic(recordsFile, `${[...learningRunLines(runs)].join("\n")}\n`);
  writeAtomic(output, stringifyWorkloadModel(model), { mode: 0o644, durable: true });
}

function exitOf(runs: readonly RunResult[]): ChildExit {
  const exits = runs.flatMap(({ outcome }) => outcome.exit ?? []);
  return exits.find((exit) => !("code" in exit) || exit.code !== 0) ?? exits.at(-1) ?? { code: 0 };
}

function sum(runs: readonly RunResult[], value: (outcome: RunResult["outcome"]) => number): number {
  return runs.reduce((total, run) => total + value(run.outcome), 0);
}
