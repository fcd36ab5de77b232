// SPDX-License-Identifier: Apache-2.0
// Adds to a model exactly what violations of a run showed, and nothing else. First a plan, that can be shown; what is written is the plan.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { quote } from "../../base/quote.ts";
import type { SecurityEvent } from "../../event/index.ts";
import {
  compareModels,
  type ModelComparison,
  type NamedRecord,
  nameRecords,
  termsOf,
} from "../../model/diff/index.ts";
import { amended } from "../../model/index.ts";
import type { LearningRun, OwnRule, WorkloadModel } from "../../model/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import { isIdentity } from "../records/actors.ts";
import { missingStarts, type Start, startedPrograms } from "./amend-starts.ts";
import { ModelUseError, RecordFileError } from "../errors.ts";
import { recordsBeside } from "./diff-files.ts";
import { recordsFileOf } from "./learn-files.ts";
import { learningRunLines, makeRun } from "./learning-runs.ts";
import { readLines } from "../records/line-reader.ts";
import { learnAgain } from "./merge-files.ts";
import { runsBehind } from "./model-runs.ts";
import { loadModel } from "./model-use.ts";
import { cutNotice, type FileRecord, readRecords } from "../records/record-file.ts";
import { readRunRecord, type RunRecord } from "../run-record.ts";
import { writeModel } from "./write-model.ts";

export interface AmendRequest {
  /** Model file. */
  readonly file: string;
  readonly forensics: string;
  /** Which violations, from 1. */
  readonly numbers: readonly number[] | "all";
  /** Take violations of a run under another model. */
  readonly otherModel: boolean;
  /** Rules to add; with them the model is learned anew from its records. */
  readonly rules: readonly OwnRule[];
}

/** What would be done. */
export interface AmendPlan {
  readonly before: WorkloadModel;
  /** The same as `before` when there is nothing to add. */
  readonly after: WorkloadModel;
  /** False: there is nothing to add. */
  readonly changed: boolean;
  /** Violations whose behaviour is added, and those that the model allows already. */
  readonly taken: readonly number[];
  readonly allowed: readonly number[];
  readonly total: number;
  readonly comparison: ModelComparison;
  /** Programs that the model did not know, and would. */
  readonly programs: readonly string[];
  /** Programs that act in what is added, and still could not be started. */
  readonly missing: readonly Start[];
  readonly notices: readonly string[];
  /** Lines of the record file, those of before among them. */
  readonly records: readonly string[];
}

interface Violation {
  readonly number: number;
  readonly record: FileRecord;
}

/**
 * Finds out what would be added. Nothing is written.
 * @throws ModelUseError BAD_OPTION, OTHER_MODEL and what loading a model throws, RecordFileError
 */
export function planAmendment(request: AmendRequest): AmendPlan {
  const before = loadModel(request.file);
  const found = readForensics(request.forensics);
  const run = runOf(request.forensics);
  if (!request.otherModel) refuseOtherModel(before, run, request);
  const chosen = choose(found.violations, request);
  const coefficients = coefficientsOf(before, found.identities, chosen);
  if (!request.otherModel) refuseOtherRules(chosen, coefficients, request);
  const known = new Set(before.spec.points);
  const isNew = (_: Violation, i: number): boolean => !known.has(coefficients[i] ?? "");
  const added = chosen.filter(isNew);
  const old = readOld(request.file);
  const amendment = amendmentRun([
    ...identitiesFor(added, found.identities),
    ...added.map(eventOf),
  ]);
  const points = coefficients.flatMap((point) => point ?? []);
  const after =
    request.rules.length > 0
      ? relearned(before, amendment, request)
      : added.length === 0
        ? before
        : amended(before, points, nodeHasher(before.spec.digest));
  const comparison = compareModels(
    { model: before, records: old.records },
    { model: after, records: [...old.records, ...amendment.records] },
    nodeHasher,
  );
  const programs = nameRecords(old.records, termsOf(before, nodeHasher)).programs;
  const starts = { known: programs, identities: found.identities, violations: found.violations };
  return {
    before,
    after,
    changed: !comparison.same,
    taken: added.map(({ number }) => number),
    allowed: chosen.filter((v, i) => !isNew(v, i)).map(({ number }) => number),
    total: found.violations.length,
    comparison,
    programs: startedPrograms(added, starts),
    missing: old.records.length === 0 ? [] : missingStarts(added, starts),
    notices: [
      ...found.notices,
      ...unrecordedNotice(run, found.violations.length),
      ...refusedNotice(added.length > 0 ? found.refused : 0),
    ],
    records: added.length === 0 ? old.lines : [...old.lines, ...learningRunLines([amendment])],
  };
}

/** Under more rules every coefficient may be another: everything is learned anew. */
function relearned(
  before: WorkloadModel,
  amendment: LearningRun,
  { file, rules }: AmendRequest,
): WorkloadModel {
  const runs = runsBehind(before, recordsFileOf(file));
  if (runs === undefined) {
    throw new ModelUseError(
      "BAD_MODEL",
      `the records beside ${quote(file)} are missing or do not make up all of it, so it can not be learned anew under more rules`,
    );
  }
  const all = amendment.records.length === 0 ? runs : [...runs, amendment];
  return learnAgain([before], before.metadata.name, all, rules).model;
}

/** Writes what was planned. @throws StateError NOT_WRITABLE */
export function writeAmendment({ after, records }: AmendPlan, output: string): void {
  writeModel(output, after, { file: recordsFileOf(output), texts: records });
}

function eventOf({ record }: Violation): SecurityEvent {
  return record.event;
}

interface Forensics {
  readonly violations: readonly Violation[];
  /** Identity records, parents first. */
  readonly identities: readonly SecurityEvent[];
  /** Calls of untrusted processes that were refused unseen. */
  readonly refused: number;
  readonly notices: readonly string[];
}

function readForensics(file: string): Forensics {
  const violations: Violation[] = [];
  const identities: SecurityEvent[] = [];
  let refused = 0;
  const take = (record: FileRecord): void => {
    if (isIdentity(record.event)) identities.push(record.event);
    else if (record.mark === undefined) throw noViolation(file, record);
    else if (record.mark.kind === "refused") refused += 1;
    else violations.push({ number: violations.length + 1, record });
  };
  const reader = readRecords(file);
  for (let step = reader.next(); ; step = reader.next()) {
    if (step.done === true) {
      const cut = cutNotice(file, step.value);
      return { violations, identities, refused, notices: cut === undefined ? [] : [cut] };
    }
    take(step.value);
  }
}

function noViolation(file: string, { line }: FileRecord): RecordFileError {
  return new RecordFileError(
    "BAD_RECORD",
    `${quote(file)}: line ${line} is no violation; only what a model was violated by can be added: forensics.jsonl of a run`,
  );
}

/** The run that a file of violations belongs to. */
function runOf(forensics: string): RunRecord | undefined {
  const file = join(dirname(forensics), "run.json");
  return existsSync(file) ? readRunRecord(file) : undefined;
}

function refuseOtherModel(
  { spec }: WorkloadModel,
  run: RunRecord | undefined,
  { file }: AmendRequest,
): void {
  const state = run?.modelState;
  if (state === undefined || state === spec.state || spec.amended?.from.includes(state)) return;
  throw new ModelUseError(
    "OTHER_MODEL",
    `the run was under another model than ${quote(file)} (state ${state}, this one has ${spec.state}): what was a violation there may be none here. ` +
      "--other-model takes it all the same",
    { facts: { ran: state, model: spec.state } },
  );
}

function choose(
  violations: readonly Violation[],
  { numbers, forensics }: AmendRequest,
): readonly Violation[] {
  if (numbers === "all") return violations;
  return [...new Set(numbers)]
    .sort((a, b) => a - b)
    .map((number) => {
      const violation = violations[number - 1];
      if (violation !== undefined) return violation;
      const holds = violations.length === 0 ? "no violation" : `${violations.length}`;
      throw new RecordFileError(
        "NO_FILE",
        `${quote(forensics)} holds ${holds}, asked for number ${number}`,
      );
    });
}

/** Under the rules of the model; undefined for what its mapping has no place for. */
function coefficientsOf(
  model: WorkloadModel,
  identities: readonly SecurityEvent[],
  chosen: readonly Violation[],
): readonly (string | undefined)[] {
  const records = [...identities, ...chosen.map(eventOf)].map((event) => ({ event }));
  const named = nameRecords(records, termsOf(model, nodeHasher));
  return named.coefficients.slice(identities.length);
}

/** The run has said what the coefficient was: the rules that it ran with were others if it is not the same here. */
function refuseOtherRules(
  chosen: readonly Violation[],
  coefficients: readonly (string | undefined)[],
  { file }: AmendRequest,
): void {
  for (const [i, { number, record }] of chosen.entries()) {
    const was = record.mark?.coefficient;
    if (was === undefined || was === coefficients[i]) continue;
    throw new ModelUseError(
      "OTHER_MODEL",
      `violation ${number} has another coefficient under the rules of ${quote(file)}: it was under another model. --other-model takes it all the same`,
    );
  }
}

interface Old {
  readonly lines: readonly string[];
  readonly records: readonly NamedRecord[];
}

/** What stands beside the model. */
function readOld(modelFile: string): Old {
  const file = recordsFileOf(modelFile);
  if (!existsSync(file)) return { lines: [], records: [] };
  const lines = Array.from(readLines(file), ({ text }) => text);
  return { lines, records: recordsBeside(modelFile, []) };
}

/** Who acts in these events, and everybody above them; parents first. */
function identitiesFor(
  added: readonly Violation[],
  identities: readonly SecurityEvent[],
): readonly SecurityEvent[] {
  const wanted = new Set(
    added.flatMap(({ record: { event } }) => [event.task.taskId, event.task.pTaskId]),
  );
  const kept: SecurityEvent[] = [];
  for (const identity of [...identities].reverse()) {
    if (!wanted.has(identity.task.taskId)) continue;
    wanted.add(identity.task.pTaskId);
    kept.push(identity);
  }
  return kept.reverse();
}

function amendmentRun(events: readonly SecurityEvent[]): LearningRun {
  const behaviours = events.filter((event) => !isIdentity(event)).length;
  const facts = { eventsSeen: behaviours, eventsLost: 0, durationMs: 0, saturation: [] };
  return makeRun(
    events.map((event) => ({ event, count: 1 })),
    facts,
    "amend",
  );
}

/** A run keeps a limited number of records. */
function unrecordedNotice(run: RunRecord | undefined, recorded: number): readonly string[] {
  const total = run?.outcome?.counts.violations ?? 0;
  return total <= recorded
    ? []
    : [`the run had ${total} violations, and kept records of ${recorded}`];
}

function refusedNotice(refused: number): readonly string[] {
  if (refused === 0) return [];
  return [
    "what processes did after they had violated the model was refused without being modeled, and is not added: galgo run --detect shows all of it",
  ];
}
