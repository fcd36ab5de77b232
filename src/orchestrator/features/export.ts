// SPDX-License-Identifier: Apache-2.0
// The windows of recorded runs as numbers, the same that an agent is given while a run goes on. docs/features.md.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { quote } from "../../base/quote.ts";
import type { HookName } from "../../event/index.ts";
import { FEATURE_NAMES, FeatureWindows } from "../../model/features/index.ts";
import { RecordFileError } from "../errors.ts";
import { behavioursBeside } from "../explain/sequence-words.ts";
import { loadModel } from "../models/model-use.ts";
import { isIdentity } from "../records/actors.ts";
import { readRecords } from "../records/record-file.ts";
import { readNamedSequence, readSequence } from "../records/sequence-log.ts";
import { readRunRecord } from "../run-record.ts";
import type { RunDirectory } from "../state-dir.ts";

export type FeatureForm = "csv" | "jsonl";

/** A window of a recorded run. */
export interface RunWindow {
  readonly run: string;
  readonly stream: "process" | "workload";
  /** Number of the process in its run, by its first event; absent: of the workload. */
  readonly process?: number;
  readonly window: number;
  readonly features: Float32Array;
}

/** A run as its order of events, with the hook of each. */
interface OrderedRun {
  readonly streams: Int32Array;
  readonly behaviours: Int32Array;
  /** By behaviour. */
  readonly names: readonly string[];
  readonly hooks: readonly HookName[];
}

/** All windows of a run. @throws RecordFileError NO_FILE: its order of events was not recorded; BAD_RECORD; StateError, ModelUseError */
export function* windowsOf(run: RunDirectory): Generator<RunWindow> {
  const { streams, behaviours, names, hooks } = orderedRun(run);
  const windows = new FeatureWindows(Math.max(1, streams.length));
  for (const [at, behaviour] of behaviours.entries()) {
    const [hook, coefficient] = [hooks[behaviour], names[behaviour]];
    if (hook === undefined || coefficient === undefined) continue;
    windows.add({ pid: streams[at] ?? 0, taskId: "", hook, coefficient });
    for (const { stream, pid, window, features } of windows.take())
      yield {
        ...{ run: run.runId, stream, window, features },
        ...(pid === undefined ? {} : { process: pid }),
      };
  }
}

function orderedRun(run: RunDirectory): OrderedRun {
  const { mode, modelFile, cwd } = readRunRecord(run.run);
  if (mode === "free" || modelFile === undefined) return freeRun(run);
  const sequence = readNamedSequence(run.sequence);
  if (sequence === undefined) throw untold(run);
  const file = resolve(cwd, modelFile);
  const hooks = new Map<string, HookName>();
  const model = loadModel(existsSync(run.model) ? run.model : file);
  for (const { name, event } of behavioursBeside(model, file)) hooks.set(name, event.hook);
  // what was outside of the model
  for (const { event, mark } of existsSync(run.forensics) ? readRecords(run.forensics) : [])
    if (mark?.coefficient !== undefined) hooks.set(mark.coefficient, event.hook);
  return { ...sequence, hooks: sequence.names.map((name) => hookOf(hooks, name, file)) };
}

function hookOf(hooks: ReadonlyMap<string, HookName>, name: string, file: string): HookName {
  const hook = hooks.get(name);
  if (hook !== undefined) return hook;
  throw new RecordFileError(
    "NO_FILE",
    `no record beside ${quote(file)} tells of behaviour ${name.slice(0, 16)}...: features need the records that were learned with the model`,
  );
}

/** Behaviours are numbered as they stand in the trajectory. */
function freeRun(run: RunDirectory): OrderedRun {
  const events = [...readRecords(run.trajectory)].map(({ event }) => event);
  const hooks = events.filter((event) => !isIdentity(event)).map(({ hook }) => hook);
  const sequence = readSequence(run.sequence, hooks.length);
  if (sequence === undefined) throw untold(run);
  return { ...sequence, hooks, names: hooks.map((_, at) => String(at)) };
}

function untold({ path }: RunDirectory): RecordFileError {
  return new RecordFileError(
    "NO_FILE",
    `the run in ${quote(path)} did not record the order of all its events: galgo learn --alarm-budget does, and runs under models that were learned so`,
  );
}

/** Lines without their ends; of CSV the first one names the columns. */
export function* featureLines(windows: Iterable<RunWindow>, form: FeatureForm): Generator<string> {
  if (form === "csv") yield ["run", "stream", "process", "window", ...FEATURE_NAMES].join(",");
  for (const { features, ...where } of windows) {
    const numbers = Array.from(features, (value) => Number(value.toFixed(6)));
    yield form === "csv"
      ? [where.run, where.stream, where.process ?? "", where.window, ...numbers].join(",")
      : JSON.stringify({ ...where, features: numbers });
  }
}
