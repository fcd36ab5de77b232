// SPDX-License-Identifier: Apache-2.0
// The worker's part of a run under the TSEM sensor once the workload may go: serves the namespace until the workload is
// gone, or, where the kernel decides itself, waits for that and reads the kernel's model.
import { closeSync } from "node:fs";
import { readTsemRecord, writeRecord } from "../../event/index.ts";
import type { TsemDialect } from "../../event/index.ts";
import type { MappingName, SecurityPoint } from "../../model/runtime/index.ts";
import { POLL_HANG_UP, POLL_IN, pollAll } from "../../native/tsem.ffi.ts";
import {
  type KernelModel,
  readKernelModel,
  serveTsem,
  workloadTasks,
} from "../../sensor/tsem/index.ts";
import type { NamespaceTma } from "../../tma/index.ts";
import type { Namespace } from "../namespace/namespace-types.ts";
import type { NamespaceSummary } from "../namespace/namespace-types.ts";
import type { RecordLog } from "../records/record-log.ts";
import type { TsemOrder, WorkerMessage, WorkerResult, WorkerSetup } from "../worker-protocol.ts";
import { workerResult } from "../worker-result.ts";
import type { HeldTsem } from "./launch-side.ts";

export interface TsemBench {
  readonly setup: WorkerSetup;
  readonly progress: { begin(): void; end(): void };
  readonly tma: NamespaceTma;
  readonly namespace: Namespace;
  readonly trajectory: RecordLog;
  readonly forensics: RecordLog;
  post(message: WorkerMessage): void;
  kill(reason: string): void;
}

/** Lets the workload go and returns when it is gone. @throws TsemError; the caller kills the workload */
export function serveHeldTsem(bench: TsemBench, held: HeldTsem, order: TsemOrder): WorkerResult {
  try {
    return held.exportFile === undefined
      ? serveInternal(bench, held, order)
      : serveExternal(bench, held, order);
  } finally {
    held.launcher.close();
    held.control.close();
    if (held.exportFile !== undefined) closeSync(held.exportFile.fd);
  }
}

/** A mapping wants records read by the rules that it was made for. */
const DIALECTS: Readonly<Record<MappingName, TsemDialect>> = {
  "tsem-v4": "kernel",
  "quixote-2025": "quixote",
  "quixote-2024": "quixote-2024",
};

/** What a namespace that Galgo decides in ends with. */
function serveExternal(bench: TsemBench, held: HeldTsem, order: TsemOrder): WorkerResult {
  const { setup, namespace } = bench;
  const { exportFile, control, launcher, cgroup } = held;
  if (exportFile === undefined) throw new Error("a namespace without an export file");
  let aggregate: string | undefined;
  bench.post({ type: "serving", features: [] });
  const sensor = serveTsem({
    launcherPid: launcher.pid,
    go: () => launcher.go(),
    exportFile,
    control,
    sink: namespace,
    dialect: DIALECTS[setup.tma.mapping],
    enforcing: setup.mode === "enforce" && setup.onViolation !== "observe",
    deadlineMs: setup.tsem?.deadlineMs ?? 0,
    goneFd: order.goneFd,
    reportsFd: launcher.reportsFd,
    progress: bench.progress,
    aggregate: (value) => {
      aggregate ??= value;
      takeAggregate(bench, value);
    },
    launched: () => bench.post({ type: "exec", errno: launcher.execFailure() ?? null }),
    tasks: () => workloadTasks(launcher.pid, cgroup),
    hung: (reason) => bench.kill(reason),
  });
  namespace.finish();
  return { ...workerResult(bench, sensor), ...(aggregate === undefined ? {} : { aggregate }) };
}

/** A sealed model keeps its own value, as TSEM has it; that the platform is another one is worth a line. */
function takeAggregate({ setup, tma, post }: TsemBench, value: string): void {
  if (tma.setAggregate(value) || setup.tma.aggregate === value) return;
  if (setup.tma.aggregate === undefined || /^0*$/.test(setup.tma.aggregate)) return;
  post({
    type: "notice",
    text: "the platform's aggregate is not the one of the model: another boot, kernel or machine",
  });
}

// --- the kernel's own model -----------------------------------------------------------------------------------------------

function serveInternal(bench: TsemBench, held: HeldTsem, order: TsemOrder): WorkerResult {
  const { launcher, files } = held;
  bench.post({ type: "serving", features: [] });
  launcher.go();
  for (let reports = launcher.reportsFd, gone = 0; gone === 0; ) {
    const [end = 0, reported = 0] = pollAll([order.goneFd, reports], -1);
    gone = end & (POLL_IN | POLL_HANG_UP);
    if (reported === 0) continue;
    reports = -1;
    bench.post({ type: "exec", errno: launcher.execFailure() ?? null });
  }
  const model = readKernelModel(files);
  copyRecords(bench, model);
  const points = pointsOf(model);
  const events = points.reduce((sum, { count }) => sum + count, 0);
  return {
    summary: kernelSummary(bench, model, events),
    sensor: { seen: BigInt(events), held: BigInt(events), lost: 0n },
    state: model.state,
    measurement: model.measurement,
    points,
  };
}

function copyRecords({ namespace, trajectory, forensics }: TsemBench, model: KernelModel): void {
  const copy = (lines: readonly string[], log: RecordLog): void => {
    for (const line of lines) {
      try {
        const record = readTsemRecord(line);
        if (record.kind !== "trajectory") throw new Error("not a line of a trajectory");
        log.append(writeRecord(record.event));
      } catch (error) {
        namespace.unreadable(line, error instanceof Error ? error.message : String(error));
      }
    }
  };
  copy(model.trajectory, trajectory);
  copy(model.forensics, forensics);
}

function pointsOf(model: KernelModel): SecurityPoint[] {
  const list = (all: readonly string[], counts: readonly number[], valid: boolean) =>
    all.map((coefficient, at) => ({ coefficient, count: counts[at] ?? 0, valid }));
  return [
    ...list(model.coefficients, model.counts, true),
    ...list(model.forensicsCoefficients, model.forensicsCounts, false),
  ];
}

function kernelSummary(
  { namespace }: TsemBench,
  model: KernelModel,
  events: number,
): NamespaceSummary {
  return { ...namespace.summary(), events, violations: model.forensicsCoefficients.length };
}
