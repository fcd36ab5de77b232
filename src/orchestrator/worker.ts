// SPDX-License-Identifier: Apache-2.0
// The worker thread of a run: builds the agent and the namespace, then serves held events until the workload is gone.
// Synchronous from the order to serve until the end; other threads see it through the heartbeat only.
import { writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { serveSeccomp } from "../sensor/seccomp/index.ts";
import { createInProcessTma } from "../tma/index.ts";
import type { InProcessTma } from "../tma/index.ts";
import { loadDigests, saveDigests } from "./digest-cache.ts";
import { Heartbeat } from "./heartbeat.ts";
import { createNamespace } from "./namespace.ts";
import type { Namespace } from "./namespace.ts";
import { SharedPointsWriter } from "./quixote/shared-points.ts";
import { openRecordLog } from "./record-log.ts";
import type { RecordLog } from "./record-log.ts";
import type { LoadedFlag } from "./thread/worker-thread.ts";
import type { ServeOrder, WorkerMessage, WorkerSetup } from "./worker-protocol.ts";

interface Bench {
  readonly setup: WorkerSetup;
  readonly heartbeat: Heartbeat;
  readonly tma: InProcessTma;
  readonly namespace: Namespace;
  readonly logs: readonly RecordLog[];
  readonly shared: SharedPointsWriter | undefined;
}

function post(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

function prepare(setup: WorkerSetup): Bench {
  const heartbeat = new Heartbeat(setup.heartbeat);
  const shared = setup.shared === undefined ? undefined : new SharedPointsWriter(setup.shared);
  const tma = createInProcessTma(setup.tma, shared);
  const trajectory = openRecordLog(setup.trajectory);
  const forensics = openRecordLog(setup.forensics);
  const namespace = createNamespace(
    { mode: setup.mode, onViolation: setup.onViolation },
    {
      agent: tma,
      trajectory,
      forensics,
      pulse: heartbeat,
      kill,
      report: (violation) => post({ type: "violation", violation }),
      failed: (error) => post({ type: "failed", message: messageOf(error) }),
    },
  );
  return { setup, heartbeat, tma, namespace, logs: [trajectory, forensics], shared };
}

/** An open cgroup.kill, once the workload is in a cgroup. */
let killFd: number | undefined;

function kill(reason: string): void {
  // the main thread is told first: it also ends what is not in the cgroup
  post({ type: "kill", reason });
  if (killFd === undefined) return;
  try {
    writeSync(killFd, "1");
  } catch {
    // the main thread kills as well
  }
}

function serve(bench: Bench, order: ServeOrder): void {
  killFd = order.cgroupKillFd;
  const { setup, heartbeat, tma, namespace, logs, shared } = bench;
  let sealed = setup.tma.sealed || shared === undefined;
  const { digest } = setup.tma;
  const known = loadDigests(setup.stateRoot, digest);
  const before = known.size;
  const sensor = serveSeccomp({
    listenerFd: order.listenerFd,
    pid: order.workloadPid,
    sink: namespace,
    digest,
    programDigests: known,
    enforcing: setup.mode === "enforce" && setup.onViolation !== "observe",
    protectedPids: order.protectedPids,
    progress: {
      begin: () => {
        heartbeat.busy(process.hrtime.bigint());
        // after saying that it is busy, so that whoever orders it knows of any event that has not seen the order
        if (!sealed && shared?.sealWanted === true) {
          sealed = true;
          namespace.seal();
        }
        namespace.taken();
      },
      end: () => {
        namespace.released();
        heartbeat.idle();
      },
      alive: () => heartbeat.advanced(1),
    },
    ready: (features) => post({ type: "serving", features }),
  });
  namespace.finish();
  for (const log of logs) log.close();
  if (known.size > before) saveDigests(setup.stateRoot, digest, known);
  post({
    type: "done",
    result: {
      summary: namespace.summary(),
      sensor,
      state: tma.state(),
      measurement: tma.measurement(),
      points: tma.points(),
    },
  });
  tma.close();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Does `work`; a failure ends the run, and the workload with it. */
function orFail(work: () => void): void {
  try {
    work();
  } catch (error) {
    kill(`Galgo failed: ${messageOf(error)}`);
    post({ type: "failed", message: messageOf(error) });
  }
}

/** Two messages arrive: the setup, and the order to serve. */
function main(): void {
  const { loaded } = workerData as { readonly loaded: LoadedFlag };
  Atomics.store(loaded, 0, 1);
  Atomics.notify(loaded, 0);
  parentPort?.once("message", (setup: WorkerSetup) => {
    orFail(() => {
      const bench = prepare(setup);
      parentPort?.once("message", (order: ServeOrder) => orFail(() => serve(bench, order)));
      post({ type: "ready" });
    });
  });
}

main();
