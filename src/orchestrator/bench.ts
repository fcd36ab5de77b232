// SPDX-License-Identifier: Apache-2.0
// What a thread that decides needs for one namespace, whatever the sensor and however many it has: the agent, the namespace, its files.
import type { ServeOptions } from "../sensor/seccomp/serve.ts";
import { createTma } from "../tma/index.ts";
import type { NamespaceTma } from "../tma/index.ts";
import { FeatureFeed } from "./agent/feed.ts";
import { DistrustReader } from "./anomalies/distrust.ts";
import { observing, openKeeping, resume, type RunKeeping } from "./bpf/keeping.ts";
import { fillingSink } from "./filling-sink.ts";
import { Heartbeat } from "./heartbeat.ts";
import { SharedPointsWriter } from "./live/shared-points.ts";
import { createNamespace } from "./namespace/create.ts";
import type { Namespace } from "./namespace/namespace-types.ts";
import type { ProgramsView } from "./namespace/namespace-types.ts";
import { TestMarks } from "./namespace/test-marks.ts";
import { ProcessLog } from "./records/process-log.ts";
import { openRecordLog } from "./records/record-log.ts";
import type { RecordLog } from "./records/record-log.ts";
import { SequenceLog } from "./records/sequence-log.ts";
import { LiveSequences, type SequenceTaker } from "./sequences/live.ts";
import { UnreadableRecords } from "./records/unreadable.ts";
import { enforces } from "./run-record.ts";
import type { SeccompOrder, WorkerMessage, WorkerSetup } from "./worker-protocol.ts";

export interface Bench {
  readonly setup: WorkerSetup;
  readonly heartbeat: Heartbeat;
  readonly tma: NamespaceTma;
  readonly namespace: Namespace;
  readonly trajectory: RecordLog;
  readonly forensics: RecordLog;
  readonly unreadable: UnreadableRecords;
  readonly processes: ProcessLog;
  readonly sequence: SequenceTaker | undefined;
  readonly shared: SharedPointsWriter | undefined;
  readonly marks: TestMarks | undefined;
  /** Where the run is kept for another Galgo, when it is one that can be gone on with. */
  readonly keeping: RunKeeping | undefined;
  readonly features: FeatureFeed | undefined;
}

/** Whom the namespace talks to. */
export interface BenchTalk {
  post(message: WorkerMessage): void;
  kill(reason: string): void;
  /** With the BPF sensor. */
  readonly programs?: ProgramsView;
}

/** @throws RecordFileError WRITE_FAILED, ModelError; with a journal also what `RunKeeping` throws */
export function prepareBench(setup: WorkerSetup, { post, kill, programs }: BenchTalk): Bench {
  const heartbeat = new Heartbeat(setup.heartbeat);
  if (setup.tma.sealed) heartbeat.sealed();
  const shared = setup.shared === undefined ? undefined : new SharedPointsWriter(setup.shared);
  const keeping = openKeeping(setup.bpf?.keeping, (text) => post({ type: "notice", text }));
  const tma = createTma(setup.tma, observing(shared, keeping));
  keeping?.restoreModel(tma);
  const records = openRecords(setup, post);
  const features = setup.feed === undefined ? undefined : new FeatureFeed(setup.feed);
  const { trajectory, forensics, unreadable, processes, sequence, marks } = records;
  const namespace = createNamespace(
    {
      mode: setup.mode,
      onViolation: setup.onViolation,
      modelsWhileDying: setup.tsem !== undefined,
      ...(setup.container === undefined ? {} : { container: setup.container }),
    },
    {
      agent: tma,
      trajectory,
      forensics,
      processes,
      ...(sequence === undefined ? {} : { sequence }),
      ...(marks === undefined ? {} : { marks }),
      ...(features === undefined ? {} : { features }),
      ...(setup.distrust === undefined ? {} : { distrust: new DistrustReader(setup.distrust) }),
      pulse: heartbeat,
      latency: heartbeat.latency,
      ...(shared === undefined ? {} : { instant: shared.instant }),
      kill,
      report: (violation) => post({ type: "violation", violation }),
      failed: (error) => post({ type: "failed", message: messageOf(error) }),
      keepUnreadable: (text, why, event) => unreadable.keep(text, why, event),
      ...(programs === undefined ? {} : { programs }),
      ...(keeping === undefined ? {} : { ledger: keeping }),
    },
  );
  if (keeping?.namespace !== undefined) resume(namespace, heartbeat, keeping.namespace);
  publishBegin(setup, shared);
  return { setup, heartbeat, tma, namespace, ...records, features, shared, keeping };
}

/** The points that it begins with. */
function publishBegin({ tma }: WorkerSetup, shared: SharedPointsWriter | undefined): void {
  if (shared === undefined) return;
  if (tma.sealed) shared.instant.sealed = true;
  shared.instant.publish();
}

type Records = Pick<
  Bench,
  "trajectory" | "forensics" | "unreadable" | "processes" | "sequence" | "marks"
>;

/** All of them, or none. @throws RecordFileError WRITE_FAILED */
function openRecords(setup: WorkerSetup, post: BenchTalk["post"]): Records {
  const opened: { close(): void }[] = [];
  const kept = <T extends { close(): void }>(one: T): T => {
    opened.push(one);
    return one;
  };
  try {
    return {
      trajectory: kept(openRecordLog(setup.trajectory)),
      forensics: kept(openRecordLog(setup.forensics)),
      unreadable: kept(new UnreadableRecords(setup.unreadable)),
      processes: kept(new ProcessLog(setup.processes)),
      sequence: openSequence(setup, kept, post),
      marks: setup.marks === undefined ? undefined : new TestMarks(setup.marks),
    };
  } catch (error) {
    for (const one of opened) one.close();
    throw error;
  }
}

/** Keeps the order of events; under a model that has sequences, watches it too. */
function openSequence(
  { sequence, watched, mode }: WorkerSetup,
  kept: <T extends { close(): void }>(one: T) => T,
  post: BenchTalk["post"],
): SequenceTaker | undefined {
  if (sequence === undefined) return undefined;
  const log = kept(new SequenceLog(sequence, mode !== "free"));
  if (watched === undefined) return log;
  const lines = kept(openRecordLog(watched.anomalies));
  return new LiveSequences({ log, lines }, watched.sequences, (anomaly) =>
    post({ type: "anomaly", anomaly }),
  );
}

/** How a filtered workload is served, wherever that is. */
export function serveOptions(
  { setup, namespace }: Bench,
  order: SeccompOrder,
  place: Pick<ServeOptions, "programDigests" | "progress" | "ready">,
): ServeOptions {
  return {
    listenerFd: order.listenerFd,
    pid: order.workloadPid,
    ...(order.broughtBy === undefined ? {} : { broughtBy: order.broughtBy }),
    sink: setup.tma.fillsUnknown === true ? fillingSink(namespace) : namespace,
    digest: setup.tma.digest,
    enforcing: enforces(setup),
    readsUnheld: order.readsUnheld === true,
    protectedPids: order.protectedPids,
    ...place,
  };
}

/** What is done around each event, whatever the sensor. @param sealed called when a console has closed the model */
export function progressOf(
  { setup, heartbeat, namespace, shared }: Bench,
  sealed: () => void,
): ServeOptions["progress"] {
  let isSealed = setup.tma.sealed || shared === undefined;
  return {
    begin: () => {
      heartbeat.busy(process.hrtime.bigint());
      // after saying that it is busy, so that whoever orders it knows of any event that has not seen the order
      if (!isSealed && shared?.sealWanted === true) {
        isSealed = true;
        namespace.seal();
        sealed();
      }
      namespace.taken();
    },
    end: () => {
      namespace.released();
      heartbeat.idle();
    },
    alive: () => heartbeat.advanced(1),
  };
}

/** Files are closed; the agent stays until its result was taken. @throws RecordFileError WRITE_FAILED */
export function closeRecords(bench: Bench): void {
  const { trajectory, forensics, unreadable, processes, sequence, marks, features } = bench;
  const failures: unknown[] = [];
  for (const log of [trajectory, forensics, unreadable, processes, sequence, marks, features]) {
    try {
      log?.close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
