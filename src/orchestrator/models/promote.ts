// SPDX-License-Identifier: Apache-2.0
// Graduation: a model is promoted when the last shadow runs under exactly this model would have refused nothing.
import { existsSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import { modelDigest, type Promotion, promoted } from "../../model/index.ts";
import type { WorkloadModel } from "../../model/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import { ModelUseError, StateError } from "../errors.ts";
import { weaknesses } from "../fidelity.ts";
import { recordsFileOf } from "./learn-files.ts";
import { MAX_RUNS_KEPT } from "../limits.ts";
import { readLines } from "../records/line-reader.ts";
import { loadModel } from "./model-use.ts";
import { readPoints } from "../records/points-file.ts";
import { readRunRecord, type RunOutcome, type RunRecord } from "../run-record.ts";
import { isShadow } from "../namespace/shadow.ts";
import { listRuns, openRun, type RunDirectory } from "../state-dir.ts";
import { writeModel } from "./write-model.ts";

export interface PromoteRequest {
  /** Model file. */
  readonly file: string;
  readonly stateRoot: string;
  /** Name of the workload whose runs are looked at; the model's by default. */
  readonly name?: string;
  /** How many of the last shadow runs have to be clean. */
  readonly runs: number;
}

/** One kept run. */
export interface JudgedRun {
  readonly runId: string;
  /** `other`: no finished shadow run under this model, so it does not count. */
  readonly verdict: "clean" | "not clean" | "other";
  /** Why it is not clean, or does not count. */
  readonly reasons: readonly string[];
  readonly events: number;
  /** Points of the model that it met. */
  readonly behaviours: number;
}

export interface Judgement {
  readonly model: WorkloadModel;
  readonly digest: string;
  readonly name: string;
  /** Kept runs, oldest first. */
  readonly runs: readonly JudgedRun[];
  /** Why the model can not be promoted yet; empty when it can. */
  readonly reasons: readonly string[];
  /** There when it can. */
  readonly promotion?: Promotion;
}

/**
 * Looks at the kept runs. Nothing is written.
 * @throws ModelUseError NOT_SEALED, BAD_OPTION and what loading a model throws, StateError
 */
export function judgeModel(request: PromoteRequest): Judgement {
  if (request.runs > MAX_RUNS_KEPT) {
    throw new ModelUseError(
      "BAD_OPTION",
      `--runs ${request.runs}: at most ${MAX_RUNS_KEPT} runs of a workload are kept`,
    );
  }
  const model = loadModel(request.file);
  if (!model.spec.sealed) {
    throw new ModelUseError(
      "NOT_SEALED",
      `model ${quote(request.file)} is not sealed; galgo model seal ${quote(request.file)}, and let it be watched then`,
    );
  }
  const digest = modelDigest(model, nodeHasher(model.spec.digest));
  const name = request.name ?? model.metadata.name;
  const met = new Map<string, ReadonlySet<string>>();
  const runs = listRuns(request.stateRoot, name).map((runId) => {
    const directory = openRun(request.stateRoot, name, runId);
    return judgeRun(directory, { model, digest, met });
  });
  const counted = runs.filter(({ verdict }) => verdict !== "other").slice(-request.runs);
  const reasons = reasonsAgainst(counted, request.runs);
  const judged = { model, digest, name, runs, reasons };
  if (reasons.length > 0) return judged;
  const points = new Set(counted.flatMap(({ runId }) => [...(met.get(runId) ?? [])]));
  const promotion: Promotion = {
    model: digest,
    sensor: model.spec.fidelity.sensor,
    runs: counted.length,
    events: counted.reduce((sum, { events }) => sum + events, 0),
    behaviours: points.size,
  };
  return { ...judged, promotion };
}

function reasonsAgainst(counted: readonly JudgedRun[], wanted: number): readonly string[] {
  const dirty = counted.filter(({ verdict }) => verdict === "not clean").length;
  return [
    ...(counted.length < wanted
      ? [`${wanted} finished shadow runs under this model are wanted, there are ${counted.length}`]
      : []),
    ...(dirty > 0 ? [`${dirty} of the last ${counted.length} shadow runs were not clean`] : []),
  ];
}

interface Terms {
  readonly model: WorkloadModel;
  readonly digest: string;
  /** Points that each run met. */
  readonly met: Map<string, ReadonlySet<string>>;
}

function judgeRun(directory: RunDirectory, { model, digest, met }: Terms): JudgedRun {
  const { runId } = directory;
  const nothing = { runId, events: 0, behaviours: 0 };
  const record = readRecord(directory);
  if (typeof record === "string") return { ...nothing, verdict: "other", reasons: [record] };
  const { outcome } = record;
  const other = whyOther(record, digest);
  if (other !== undefined || outcome === undefined)
    return { ...nothing, verdict: "other", reasons: [other ?? "it has no result"] };
  const points = pointsMet(directory, model);
  met.set(runId, points);
  const reasons = faultsOf(outcome, model, points.size);
  return {
    runId,
    verdict: reasons.length === 0 ? "clean" : "not clean",
    reasons,
    events: outcome.counts.events,
    behaviours: points.size,
  };
}

/** Or why it can not be read: one damaged run does not hide the others. */
function readRecord(directory: RunDirectory): RunRecord | string {
  try {
    return readRunRecord(directory.run);
  } catch (error) {
    if (error instanceof StateError) return error.message;
    throw error;
  }
}

function whyOther(record: RunRecord, digest: string): string | undefined {
  if (record.status === "running") return "it goes on, or was cut off";
  if (record.status === "failed") return `it failed: ${quote(record.error ?? "?", 200)}`;
  if (record.modelFile === undefined) return "it had no model";
  if (!isShadow(record)) return "it was enforced";
  if (record.sensor === "replay") return "it was a replay";
  return record.modelDigest === digest ? undefined : "it was under another model";
}

function faultsOf(
  { counts, shadow, killed, fidelity }: RunOutcome,
  model: WorkloadModel,
  met: number,
): readonly string[] {
  const weaker =
    fidelity === undefined
      ? ["what its sensor saw is not known"]
      : weaknesses(model.spec.fidelity, fidelity, false);
  return [
    ...(counts.violations === 0
      ? []
      : [
          `${counted(counts.violations, "behaviour")} would have been refused, ${counted(shadow?.total ?? counts.violations, "time")}`,
        ]),
    ...(counts.lost === 0 ? [] : [`lost: ${counted(counts.lost, "event")}`]),
    ...(met === 0 ? ["it did nothing that is in the model"] : []),
    ...(killed === undefined ? [] : [`it was killed: ${quote(killed, 200)}`]),
    ...weaker,
  ];
}

function counted(n: number, what: string): string {
  return n === 1 ? `1 ${what}` : `${n} ${what}s`;
}

function pointsMet(directory: RunDirectory, { spec }: WorkloadModel): ReadonlySet<string> {
  if (!existsSync(directory.points)) return new Set();
  const allowed = new Set(spec.points);
  const met = readPoints(directory.points).filter(({ count, valid }) => valid && count > 0);
  return new Set(met.flatMap(({ coefficient }) => (allowed.has(coefficient) ? coefficient : [])));
}

/** Writes the promoted model, and its records beside it. @throws StateError NOT_WRITABLE, ModelUseError NOT_READY */
export function writePromoted(
  { model, promotion, reasons }: Judgement,
  { file, output }: { readonly file: string; readonly output: string },
): WorkloadModel {
  if (promotion === undefined) throw new ModelUseError("NOT_READY", reasons.join("; "));
  const result = promoted(model, promotion);
  const records = recordsFileOf(file);
  const beside = existsSync(records) && records !== recordsFileOf(output);
  const texts = beside ? Array.from(readLines(records), ({ text }) => text) : [];
  writeModel(output, result, beside ? { file: recordsFileOf(output), texts } : undefined);
  return result;
}
