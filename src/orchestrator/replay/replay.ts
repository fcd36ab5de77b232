// SPDX-License-Identifier: Apache-2.0
// A replay from start to end: reads the stream, models it, writes what was asked for when all of it is there.
import { basename } from "node:path";
import { LineSplitter } from "../../event/index.ts";
import { makeWorkloadModel, stringifyWorkloadModel } from "../../model/index.ts";
import type { WorkloadModel } from "../../model/index.ts";
import { bufferText, openSource, RecordJoiner, replayFidelity } from "../../sensor/replay/index.ts";
import type { ByteSource } from "../../sensor/replay/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import type { TmaSpec } from "../../tma/index.ts";
import { ModelUseError } from "../errors.ts";
import { LatencyHistogram } from "../namespace/latency.ts";
import { ownTermsOf } from "../own-terms.ts";
import { requireWritable } from "../models/write-model.ts";
import { recordsFileOf } from "../models/learn-files.ts";
import { lossText } from "../namespace/losses.ts";
import { tenths } from "../namespace/saturation.ts";
import { writePoints } from "../records/points-file.ts";
import type { RunOutcome, RunRecord } from "../run-record.ts";
import { nameOfCommand, writeAtomic } from "../state-dir.ts";
import type { RunDirectory } from "../state-dir.ts";
import { type ReplayObserver, type ReplayResult, Replayer } from "./replayer.ts";
import { Spool } from "./spool.ts";
import { FileTraces, NO_TRACES, writeRun } from "./traces.ts";

export interface ReplayRequest {
  /** Path, or `-` for stdin. */
  readonly file: string;
  readonly spec: TmaSpec;
  /** The sealed model that the stream is held against, and where it was read. */
  readonly model?: WorkloadModel;
  readonly modelFile?: string;
  /** Leave a run of this name. */
  readonly name?: string;
  /** Write what was found as a model. */
  readonly output?: string;
  readonly allowLoss: boolean;
  /** Nothing is written, not even what could not be understood: for a look at a file that stays where it is. */
  readonly lookOnly?: boolean;
  readonly stateRoot: string;
  readonly cwd: string;
}

/** How far a replay has come. */
export interface ReplayProgress {
  readonly records: number;
  /** Between 0 and 1; undefined when the end is not known. */
  readonly share: number | undefined;
}

export interface ReplayWatcher extends ReplayObserver {
  onProgress?(progress: ReplayProgress): void;
}

export interface ReplayEnd extends ReplayResult {
  /** The stream was not read to its end, because nobody listened any more. */
  readonly stopped: boolean;
  /** The run that was left. */
  readonly run: RunDirectory | undefined;
  /** The model that was written. */
  readonly written: WorkloadModel | undefined;
}

/**
 * Replays a stream. Throws `StreamError`, `RunError` BAD_OPTION when the digest is not that of the stream, `ModelUseError` LOSSY when a model
 * is to be written although records were lost, and whatever writing throws. Nothing is written to `output` before everything has succeeded.
 */
export async function replayStream(
  request: ReplayRequest,
  watcher: ReplayWatcher = {},
): Promise<ReplayEnd> {
  const { output } = request;
  if (output !== undefined)
    for (const file of [output, recordsFileOf(output)]) requireWritable(file);
  const source = openSource(request.file);
  const startedAt = new Date();
  const spool = output === undefined ? undefined : new Spool();
  const traces = new FileTraces({
    stateRoot: request.stateRoot,
    name: request.name,
    fallbackName: nameOf(request),
    spool,
    startRecord: (directory) => startRecord(request, directory, startedAt),
  });
  try {
    const replayer = new Replayer({
      spec: request.spec,
      source: source.name,
      traces: request.lookOnly === true ? NO_TRACES : traces,
      observer: watcher,
    });
    await pump(source, replayer, watcher);
    traces.close();
    const result = replayer.result();
    const written = replayer.stopped ? undefined : writeModel(request, result, spool);
    finishRun(request, traces, result, startedAt);
    const run = traces.run?.directory;
    return { ...result, stopped: replayer.stopped, run, written };
  } catch (error) {
    failRun(traces, error);
    throw error;
  } finally {
    spool?.close();
    source.close();
  }
}

async function pump(source: ByteSource, replayer: Replayer, watcher: ReplayWatcher): Promise<void> {
  const joiner = new RecordJoiner(replayer, replayer.dialect);
  const lines = new LineSplitter(joiner, bufferText);
  for await (const chunk of source.chunks()) {
    lines.push(chunk);
    if (replayer.stopped) return;
    const { sizeBytes } = source;
    const share = sizeBytes === undefined ? undefined : source.takenBytes / Math.max(1, sizeBytes);
    watcher.onProgress?.({ records: replayer.counts.records, share });
  }
  lines.end();
  joiner.end();
}

/** Name of the run when none was given but something has to be kept. */
function nameOf({ file }: ReplayRequest): string {
  return file === "-" ? "replay" : nameOfCommand(basename(file));
}

function startRecord(request: ReplayRequest, { name, runId }: RunDirectory, at: Date): RunRecord {
  const { spec, model, modelFile } = request;
  return {
    apiVersion: "galgo.dev/v1",
    kind: "Run",
    name,
    runId,
    status: "running",
    galgoPid: process.pid,
    command: ["galgo", "replay", request.file],
    cwd: request.cwd,
    mode: model === undefined ? "free" : "detect",
    onViolation: "observe",
    sensor: "replay",
    mapping: spec.mapping,
    digest: spec.digest,
    profile: spec.profile.name,
    ...(modelFile === undefined ? {} : { modelFile }),
    ...(model === undefined ? {} : { modelState: model.spec.state }),
    ...ownTermsOf(spec, model),
    started: at.toISOString(),
  };
}

/** What was found, as a sealed model of exactly these points. */
function modelOf(request: ReplayRequest, result: ReplayResult, name: string): WorkloadModel {
  const { mapping, digest, profile, base, pseudonyms } = request.spec;
  return makeWorkloadModel(
    {
      name,
      mapping,
      profile,
      aggregate: result.aggregate,
      ...(base === undefined ? {} : { base }),
      sealed: true,
      fidelity: replayFidelity(result.hooks.map(([hook]) => hook)),
      pseudonyms,
      points: result.points.map(({ coefficient }) => coefficient),
      completeness: {
        runs: 1,
        eventsSeen: result.events,
        eventsLost: result.lost,
        saturation: tenths(result.growth, result.events),
      },
    },
    nodeHasher(digest),
  );
}

function writeModel(
  request: ReplayRequest,
  result: ReplayResult,
  spool: Spool | undefined,
): WorkloadModel | undefined {
  const { output } = request;
  if (output === undefined || spool === undefined) return undefined;
  if (result.lost > 0 && !request.allowLoss) {
    throw new ModelUseError(
      "LOSSY",
      `no model was written: what was lost would be missing in it: ${lossText(result.losses)}. --allow-loss writes it all the same and says so in it`,
    );
  }
  const model = modelOf(request, result, request.name ?? nameOf(request));
  // the model comes last: where it is, its records are
  spool.copyTo(recordsFileOf(output));
  writeAtomic(output, stringifyWorkloadModel(model), { mode: 0o644, durable: true });
  return model;
}

function finishRun(
  request: ReplayRequest,
  traces: FileTraces,
  result: ReplayResult,
  startedAt: Date,
): void {
  const { run } = traces;
  if (run === undefined) return;
  const { directory, record } = run;
  writePoints(directory.points, result.points);
  const model = request.model ?? modelOf(request, result, directory.name);
  writeAtomic(directory.model, stringifyWorkloadModel(model));
  const endedAt = new Date();
  const outcome: RunOutcome = {
    ended: endedAt.toISOString(),
    durationMs: endedAt.getTime() - startedAt.getTime(),
    counts: {
      events: result.events,
      points: result.points.length,
      violations: result.violations,
      refused: 0,
      lost: result.lost,
    },
    losses: result.losses,
    state: result.state,
    measurement: result.measurement,
    latency: new LatencyHistogram().summary(),
    fidelity: replayFidelity(result.hooks.map(([hook]) => hook)),
  };
  writeRun(directory, { ...record, status: "finished", outcome });
}

/** Leaves word of a replay that failed. The error itself is on its way to the user. */
function failRun(traces: FileTraces, error: unknown): void {
  try {
    traces.close();
    if (traces.run === undefined) return;
    const message = error instanceof Error ? error.message : String(error);
    writeRun(traces.run.directory, { ...traces.run.record, status: "failed", error: message });
  } catch {
    // the first error says more than this one
  }
}
