// SPDX-License-Identifier: Apache-2.0
// The worker thread of a run: builds the agent and the namespace, then serves held events until the workload is gone.
// Synchronous from the order to serve until the end; other threads see it through memory that they share: the heartbeat, and the points when
// consoles are served.
import { writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { serveSeccomp } from "../sensor/seccomp/index.ts";
import { closeRecords, messageOf, prepareBench, progressOf, serveOptions } from "./bench.ts";
import type { Bench } from "./bench.ts";
import { type BpfEnd, BpfSide } from "./bpf/agent-side.ts";
import type { RunKeeping } from "./bpf/keeping.ts";
import type { BpfSetup } from "./bpf/setup.ts";
import { loadDigests, saveDigests } from "./digest-cache.ts";
import type { LoadedFlag } from "./thread/worker-thread.ts";
import { launchHeldTsem } from "./tsem/launch-side.ts";
import type { HeldTsem } from "./tsem/launch-side.ts";
import { serveHeldTsem } from "./tsem/serve-side.ts";
import { workerResult } from "./worker-result.ts";
import type {
  BpfOrder,
  SeccompOrder,
  TsemLaunchOrder,
  TsemOrder,
  WorkerMessage,
  WorkerResult,
  WorkerSetup,
} from "./worker-protocol.ts";

function post(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

function prepare(setup: WorkerSetup): Bench {
  return prepareBench(setup, { post, kill, ...(setup.bpf === undefined ? {} : { programs }) });
}

/** What the programs in the kernel say of the namespace; nothing, with the other sensors. */
const programs = new BpfSide();

/** An open cgroup.kill, once the workload is in a cgroup. */
let killFd: number | undefined;

function kill(reason: string): void {
  programs.die();
  // the main thread is told first: it also ends what is not in the cgroup
  post({ type: "kill", reason });
  if (killFd === undefined) return;
  try {
    writeSync(killFd, "1");
  } catch {
    // the main thread kills as well
  }
}

/** A console has closed the model. */
const sealed = (): void => programs.seal();

function serve(bench: Bench, order: SeccompOrder | TsemOrder, held: HeldTsem | undefined): void {
  killFd = order.cgroupKillFd;
  const result =
    order.sensor === "seccomp"
      ? serveFiltered(bench, order)
      : serveHeldTsem(
          { ...bench, progress: progressOf(bench, sealed), post, kill },
          required(held),
          order,
        );
  finish(bench, { type: "done", result });
}

async function serveProgrammed(bench: Bench, bpf: BpfSetup, order: BpfOrder): Promise<void> {
  killFd = order.cgroupKillFd;
  const parts = { ...bench, progress: progressOf(bench, sealed), post, kill };
  finish(bench, await programs.serve(parts, bpf, order));
}

function finish(bench: Bench, end: BpfEnd): void {
  closeRecords(bench);
  // before the end is told: then the thread is ended, and whoever is ended inside of a native call takes the process along
  bench.tma.close();
  post(end);
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the order to serve came before the order to launch");
  return value;
}

function serveFiltered(bench: Bench, order: SeccompOrder): WorkerResult {
  const { setup, namespace } = bench;
  const { digest } = setup.tma;
  const known = loadDigests(setup.stateRoot, digest);
  const before = known.size;
  const sensor = serveSeccomp(
    serveOptions(bench, order, {
      programDigests: known,
      progress: progressOf(bench, sealed),
      ready: (features) => post({ type: "serving", features }),
    }),
  );
  namespace.finish();
  if (known.size > before) saveDigests(setup.stateRoot, digest, known);
  return workerResult(bench, sensor);
}

/** Does `work`; a failure ends the run, and the workload with it. */
function orFail(work: () => void): void {
  try {
    work();
  } catch (error) {
    gaveUp(error);
  }
}

function gaveUp(error: unknown): void {
  kill(`Galgo failed: ${messageOf(error)}`);
  post({ type: "failed", message: messageOf(error) });
}

/** Messages that arrive: the setup; with a TSEM sensor the order to launch; the order to serve. */
function main(): void {
  const { loaded } = workerData as { readonly loaded: LoadedFlag };
  Atomics.store(loaded, 0, 1);
  Atomics.notify(loaded, 0);
  onMessage((setup: WorkerSetup) => {
    const { tsem, bpf } = setup;
    if (bpf !== undefined) {
      void prepareProgrammed(setup, bpf);
      return;
    }
    const bench = prepare(setup);
    if (tsem === undefined) {
      onMessage((order: SeccompOrder) => serve(bench, order, undefined));
    } else {
      onMessage((launch: TsemLaunchOrder) => {
        const held = launchHeldTsem(setup, tsem, launch);
        onMessage((order: TsemOrder) => serve(bench, order, held));
        post({ type: "launched", launched: held.launched });
      });
    }
    post({ type: "ready" });
  });
}

/** Makes the namespace, then waits for the order to serve it, or to leave it. */
async function prepareProgrammed(setup: WorkerSetup, bpf: BpfSetup): Promise<void> {
  let keeping: RunKeeping | undefined;
  try {
    const bench = prepare(setup);
    ({ keeping } = bench);
    const parts = { ...bench, progress: progressOf(bench, sealed), post, kill };
    const agent = await programs.open(parts, bpf);
    onMessage((order: BpfOrder | "leave") => {
      const work = order === "leave" ? programs.close(keeping) : serveProgrammed(bench, bpf, order);
      work.catch(gaveUp);
    });
    post({ type: "ready", bpf: agent.place });
  } catch (error) {
    await programs.close(keeping);
    post({ type: "no-sensor", message: messageOf(error) });
  }
}

function onMessage<T>(take: (message: T) => void): void {
  parentPort?.once("message", (message: T) => orFail(() => take(message)));
}

main();
