// SPDX-License-Identifier: Apache-2.0
// Collects what a report shows of a run or of a model: from the run's folder, the model, and the records beside it.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { quote } from "../../base/quote.ts";
import { modelDigest } from "../../model/index.ts";
import type { WorkloadModel } from "../../model/index.ts";
import type { ReportBehaviours, ReportData } from "../../model/report/data.ts";
import { REPORT_FORMAT } from "../../model/report/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import { Actors } from "../records/actors.ts";
import { ModelUseError, ReportError } from "../errors.ts";
import { openViolations } from "../explain/explain.ts";
import { recordsFileOf } from "../models/learn-files.ts";
import { loadModel } from "../models/model-use.ts";
import { cutNotice, type FileRecord, loadRecords } from "../records/record-file.ts";
import { readRunRecord, type RunRecord } from "../run-record.ts";
import type { RunDirectory } from "../state-dir.ts";
import { findTarget } from "../target.ts";
import { readAccount } from "./account.ts";
import { behavioursOfModel, behavioursOfRun, countsOf, noBehaviours } from "./behaviours.ts";
import { Cast } from "./cast.ts";
import { Clock } from "./clock.ts";
import { differenceOf } from "./difference.ts";
import { learnedRecords } from "./learned.ts";
import { modelFacts } from "./model-facts.ts";
import { limitNotices } from "./notices.ts";
import { type ProcessTree, type TreeParts, treeOfAccount } from "./processes.ts";
import { treeOfRecords } from "./programs.ts";
import { runFacts } from "./run-facts.ts";
import { NO_VIOLATIONS, violationsOf } from "./violations.ts";

export interface ReportRequest {
  /** Name of a workload, folder of a run, or a model. */
  readonly target: string;
  readonly stateRoot: string;
  /** An earlier run of that name. */
  readonly runId?: string;
  /** Taken instead of the run's own. */
  readonly modelFile?: string;
  /** A model to compare with. */
  readonly against?: string;
  readonly now: Date;
  readonly version: string;
}

/** What every part of the collection adds to. */
interface Desk {
  readonly request: ReportRequest;
  readonly cast: Cast;
  readonly clock: Clock;
  readonly notices: string[];
}

/** @throws ReportError NOT_REPORTABLE, StateError, RecordFileError, ModelUseError: no such run or model, unreadable or damaged */
export function collectReport(request: ReportRequest): ReportData {
  const target = findTarget(request.target, request.stateRoot, request.runId);
  const desk = { request, cast: new Cast(), clock: new Clock(), notices: [] };
  switch (target.kind) {
    case "run":
      return reportOfRun(target.run, desk);
    case "model":
      return reportOfModel(target.file, desk);
    default:
      throw new ReportError(
        "NOT_REPORTABLE",
        `${quote(target.file)} holds records only: give the name or the folder of a run, or the model beside them` +
          (target.kind === "stream" ? " (galgo replay --name NAME makes a run of a stream)" : ""),
      );
  }
}

function reportOfModel(file: string, desk: Desk): ReportData {
  const { request, cast, clock, notices } = desk;
  if (request.modelFile !== undefined)
    throw new ReportError("NOT_REPORTABLE", `${quote(file)} is a model itself: leave out -m`);
  const model = loadModel(file);
  const beside = recordsFileOf(file);
  const { records, actors } = existsSync(beside)
    ? learnedRecords(beside, model)
    : { records: [], actors: new Actors() };
  const parts = { cast, clock, actors, violations: [] };
  const tree = treeOfRecords(records, parts);
  const behaviours = allowedBehaviours({ model, file }, undefined, desk);
  const diff = differenceTo(desk, model, file);
  return {
    ...headOf(desk, model.metadata.name),
    model: modelFacts(model, file),
    ...listsOf(desk, { tree, behaviours, violations: NO_VIOLATIONS }),
    ...(diff === undefined ? {} : { diff }),
    notices,
  };
}

function reportOfRun(run: RunDirectory, desk: Desk): ReportData {
  const { cast, clock, notices } = desk;
  const record = readRunRecord(run.run);
  if (record.status === "running") notices.push("the run had not ended when this was made");
  const given = modelFileOf(record, desk.request);
  const model = modelOfRun(run, desk.request, given);
  notices.push(...changedSince(record, given));
  const actors = new Actors();
  const did = readAll(run.trajectory, desk, actors);
  const refused = readAll(run.forensics, desk, actors);
  const source = {
    forensics: run.forensics,
    ...(given === undefined ? {} : { modelFile: given }),
    ...(model === undefined ? {} : { model }),
  };
  const opened = existsSync(run.forensics)
    ? openViolations(source)
    : { records: [], explain: undefined };
  const tree = treeOfRun(run, desk, did.records, {
    cast,
    clock,
    actors,
    violations: opened.records,
  });
  const behaviours =
    record.mode === "free" || model === undefined || given === undefined
      ? behavioursOfRun(
          { records: did.records, actors },
          { model: ownModel(run), points: run.points },
          { cast, clock },
        )
      : allowedBehaviours({ model, file: given }, run.points, desk);
  const target = desk.request.target;
  const violations =
    opened.explain === undefined
      ? NO_VIOLATIONS
      : violationsOf(opened, refused.records, {
          ...{ cast, clock, actors, target: quote(target), runId: desk.request.runId },
          rowOf: tree.rowOf,
          countOf: countsOf(run.points),
          modelFile: given,
        });
  const diff = model === undefined ? undefined : differenceTo(desk, model, given ?? run.model);
  return {
    ...headOf(desk, record.name),
    run: runFacts(record),
    ...(model === undefined ? {} : { model: modelFacts(model, given) }),
    ...listsOf(desk, { tree, behaviours, violations }),
    ...(diff === undefined ? {} : { diff }),
    notices,
  };
}

function headOf({ request }: Desk, name: string) {
  const { now, version } = request;
  return { format: REPORT_FORMAT, made: now.toISOString(), version, name: quote(name) } as const;
}

type Lists = Pick<ReportData, "behaviours" | "violations"> & { readonly tree: ProcessTree };

function listsOf({ cast, notices }: Desk, { tree, behaviours, violations }: Lists) {
  const { processes } = tree;
  notices.push(...limitNotices({ processes, behaviours, violations }));
  return { programs: cast.programs, actors: cast.actors, behaviours, processes, violations };
}

/** The records of a file, if it is there; what was cut off is said. */
function readAll(
  file: string,
  { notices }: Desk,
  actors: Actors = new Actors(),
): { readonly records: readonly FileRecord[]; readonly actors: Actors } {
  if (!existsSync(file)) return { records: [], actors };
  const { records, cutBytes } = loadRecords(file, actors);
  const cut = cutNotice(file, { cutBytes });
  if (cut !== undefined) notices.push(cut);
  return { records, actors };
}

function modelFileOf(record: RunRecord, { modelFile }: ReportRequest): string | undefined {
  if (modelFile !== undefined) return modelFile;
  return record.modelFile === undefined ? undefined : resolve(record.cwd, record.modelFile);
}

/** The model that was asked for, else what the run kept, else the file that it was given. */
function modelOfRun(
  run: RunDirectory,
  request: ReportRequest,
  given: string | undefined,
): WorkloadModel | undefined {
  if (request.modelFile !== undefined) return loadModel(request.modelFile);
  const own = ownModel(run);
  if (own !== undefined || given === undefined || !existsSync(given)) return own;
  return loadModel(given);
}

/** What is beside a file tells of the run only when the file is still the one that it was given. */
function changedSince({ modelDigest: before }: RunRecord, given: string | undefined): string[] {
  if (before === undefined || given === undefined || !existsSync(given)) return [];
  try {
    const model = loadModel(given);
    if (modelDigest(model, nodeHasher(model.spec.digest)) === before) return [];
  } catch (error) {
    // the run has a copy of its own
    if (!(error instanceof ModelUseError)) throw error;
    return [error.message];
  }
  return [
    `${quote(given)} is not the model that the run had: what is said to be allowed comes from the records beside it as they are now`,
  ];
}

function ownModel(run: RunDirectory): WorkloadModel | undefined {
  return existsSync(run.model) ? loadModel(run.model) : undefined;
}

function treeOfRun(
  run: RunDirectory,
  desk: Desk,
  records: readonly FileRecord[],
  parts: TreeParts,
): ProcessTree {
  const account = readAccount(run.processes);
  if (account !== undefined && account.cut > 0)
    desk.notices.push(
      `the run kept no account of ${account.cut} more begins, programs and ends of processes`,
    );
  return account === undefined ? treeOfRecords(records, parts) : treeOfAccount(account, parts);
}

/** What a model allows, in words where its records are there. */
function allowedBehaviours(
  { model, file }: { readonly model: WorkloadModel; readonly file: string },
  points: string | undefined,
  { cast, clock, notices }: Desk,
): ReportBehaviours {
  const beside = recordsFileOf(file);
  if (existsSync(beside)) return behavioursOfModel({ model, file }, points, { cast, clock });
  notices.push(
    `${quote(beside)} is not there: a model alone does not say what it allows, so its behaviours have no names here`,
  );
  return noBehaviours(model.spec.points.length);
}

function differenceTo({ request, notices }: Desk, model: WorkloadModel, file: string) {
  if (request.against === undefined) return undefined;
  const other = { model: loadModel(request.against), file: request.against };
  return differenceOf({ model, file }, other, notices);
}
