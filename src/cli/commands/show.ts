// SPDX-License-Identifier: Apache-2.0
// galgo show NAME|FILE WHAT: what a run or a model holds, as data on stdout.
import { existsSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import { describeEvent } from "../../event/index.ts";
import type { WorkloadModel } from "../../model/index.ts";
import {
  Actors,
  RecordFileError,
  StateError,
  cutNotice,
  findTarget,
  isIdentity,
  loadModel,
  readPoints,
  readRecords,
  readRunRecord,
  stateRoot,
  useModelFile,
} from "../../orchestrator/inspect/index.ts";
import type {
  FileRecord,
  PointLine,
  RunDirectory,
  RunOutcome,
  Target,
} from "../../orchestrator/inspect/index.ts";
import { printModel } from "../model-text.ts";
import { out, outJson, outLine, say } from "../render.ts";
import { chainText } from "../violation-text.ts";
import { printRun } from "../run-text.ts";
import type { ShowSubject } from "../subjects.ts";

interface ShowOptions {
  readonly run?: string;
  readonly json?: boolean;
}

export async function show(
  text: string,
  subject: ShowSubject,
  options: ShowOptions,
): Promise<void> {
  const target = findTarget(text, stateRoot(process.env, process.getuid?.() ?? -1), options.run);
  const json = options.json === true;
  if (target.kind === "stream")
    return (await import("../show-stream.ts")).showStream(target.file, subject, options);
  switch (subject) {
    case "state":
      return printValue("state", stateOf(target), json);
    case "measurement":
      return printValue("measurement", outcomeOf(runOf(target, subject)).measurement, json);
    case "trajectory":
    case "forensics":
      return printRecords(recordsFile(target, subject), json);
    case "coefficients":
      return printCoefficients(target, json);
    case "counts":
      return printCounts(readPoints(runOf(target, subject).points), json);
    case "model":
      return showModel(target, json);
    case "run":
      return showRun(runOf(target, subject), json);
  }
}

function printValue(name: string, value: string, json: boolean): void {
  if (json) outJson({ [name]: value });
  else outLine(value);
}

function runOf(target: Target, subject: string): RunDirectory {
  if (target.kind === "run") return target.run;
  throw new StateError(
    "NO_SUCH_RUN",
    `${quote(target.file)} is a file of ${target.kind}: only a run has a ${subject}`,
  );
}

function modelOf(target: Target): WorkloadModel {
  if (target.kind === "model") return loadModel(target.file);
  return loadModel(runOf(target, "model").model);
}

function stateOf(target: Target): string {
  return target.kind === "model"
    ? modelOf(target).spec.state
    : outcomeOf(runOf(target, "state")).state;
}

function outcomeOf(run: RunDirectory): RunOutcome {
  const record = readRunRecord(run.run);
  if (record.outcome !== undefined) return record.outcome;
  const why =
    record.status === "running"
      ? "has not ended yet"
      : "ended without a result (see galgo show NAME run)";
  throw new StateError("NO_SUCH_RUN", `run ${run.runId} of ${run.name} ${why}`);
}

function recordsFile(target: Target, subject: "trajectory" | "forensics"): string {
  if (target.kind === "records") return target.file;
  const path = runOf(target, subject)[subject];
  if (existsSync(path)) return path;
  throw new RecordFileError("NO_FILE", `${quote(path)} is not there: the run was never started`);
}

/** Lines as they are with --json, else one sentence each. */
function printRecords(path: string, json: boolean): void {
  const actors = new Actors();
  const reader = readRecords(path);
  let goOn = true;
  for (let step = reader.next(); goOn; step = reader.next()) {
    if (step.done === true) {
      const notice = cutNotice(path, step.value);
      if (notice !== undefined) say(notice);
      return;
    }
    const record = step.value;
    if (isIdentity(record.event)) actors.add(record.event);
    goOn = json ? out(`${record.text}\n`) : printRecord(record, actors);
  }
}

function printRecord(record: FileRecord, actors: Actors): boolean {
  if (isIdentity(record.event)) return true;
  const chain = chainText(actors.chainOf(record.event.task).map(({ program }) => program));
  const mark = record.mark;
  const before = mark === undefined ? "" : mark.kind === "violation" ? `${mark.number}: ` : "   ";
  const after =
    mark === undefined
      ? ""
      : mark.kind === "violation"
        ? ` [${mark.decision}]`
        : " [refused: untrusted]";
  return outLine(`${before}${chain} ${describeEvent(record.event)}${after}`);
}

function printCoefficients(target: Target, json: boolean): void {
  const values =
    target.kind === "run" && existsSync(target.run.points)
      ? readPoints(target.run.points).map(({ coefficient }) => coefficient)
      : modelOf(target).spec.points;
  if (json) outJson(values);
  else for (const value of values) if (!outLine(value)) return;
}

function printCounts(points: readonly PointLine[], json: boolean): void {
  if (json) outJson(points);
  else for (const point of points) if (!outLine(String(point.count))) return;
}

function showModel(target: Target, json: boolean): void {
  const { model, signature } =
    target.kind === "model" ? useModelFile(target.file) : { model: modelOf(target) };
  if (json) outJson(model);
  else printModel(model, signature);
}

function showRun(run: RunDirectory, json: boolean): void {
  const record = readRunRecord(run.run);
  if (json) outJson(record);
  else printRun(record, run);
}
