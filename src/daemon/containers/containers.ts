// SPDX-License-Identifier: Apache-2.0
// Containers that runtimes hand over: each becomes a run of the registry, or is refused and killed. A process that is executed in a
// container which runs already joins its run.
import { closeSync } from "node:fs";
import { plural } from "../../base/counts.ts";
import { deferred } from "../../base/deferred.ts";
import { quote } from "../../base/quote.ts";
import { openPidfd, signalPidfd } from "../../native/pidfd.ffi.ts";
import type { RunHost } from "../../orchestrator/run-host.ts";
import type { RunResult } from "../../orchestrator/run-request.ts";
import type { RunWorker } from "../../orchestrator/worker-client.ts";
import type { WorkloadOrigin } from "../api/types.ts";
import { daemonHost } from "../host.ts";
import type { ManagedRun } from "../registry/managed-run.ts";
import type { DaemonContext } from "../part.ts";
import { ContainerError, messageOf } from "./errors.ts";
import { Learning } from "./learning.ts";
import { type ContainerRun, containerRun } from "./order.ts";
import type { HandedOver } from "./state.ts";
import type { Warden } from "./warden.ts";
import { ContainerWorkload } from "./workload.ts";

const SIGKILL = 9;
const UNGUARDED = "the warden is full, or gone: a killed daemon leaves it behind";

/** Who handed a container over. */
export interface Runtime {
  readonly pid: number;
  readonly uid: number;
}

/** A container that is served. */
interface ServedContainer {
  readonly workload: ContainerWorkload;
  readonly worker: Promise<RunWorker>;
}

export class Containers {
  readonly #context: DaemonContext;
  readonly #warden: Warden | undefined;
  /** By the container's first process: ids are unique only to one runtime. */
  readonly #served = new Map<number, ServedContainer>();
  readonly #learning = new Learning();

  constructor(context: DaemonContext, warden: Warden | undefined) {
    this.#context = context;
    this.#warden = warden;
  }

  /** @param listenerFd is taken, whatever becomes of the container */
  take(handed: HandedOver, listenerFd: number, runtime: Runtime): void {
    let pidfd: number;
    try {
      pidfd = openPidfd(handed.pid);
    } catch (error) {
      closeSync(listenerFd);
      this.#tellRefused(handed, error);
      return;
    }
    const take = (): void => {
      this.#take(handed, listenerFd, runtime, pidfd);
      closeSync(pidfd);
    };
    // its model may be one of those
    if (!this.#learning.isBusy) take();
    else void this.learned().then(take);
  }

  /** What has ended is in its models, or has been waited for long enough. */
  learned(): Promise<void> {
    return this.#learning.learned();
  }

  /** After the workloads have ended. */
  close(): Promise<void> {
    return this.#learning.close();
  }

  /** @param pidfd of the process: its number may be another's by now */
  #take(handed: HandedOver, listenerFd: number, runtime: Runtime, pidfd: number): void {
    try {
      if (!signalPidfd(pidfd, 0)) throw new ContainerError("BAD_STATE", "its process has ended");
      if (handed.joins) this.#join(handed, listenerFd);
      else this.#start(handed, listenerFd, runtime);
    } catch (error) {
      this.#tellRefused(handed, error);
      // before it was anything of the container's own
      signalPidfd(pidfd, SIGKILL);
      closeSync(listenerFd);
    }
  }

  #start(handed: HandedOver, listenerFd: number, runtime: Runtime): void {
    const { container, metadata } = handed;
    const run = containerRun({ container, metadata, runtimePid: runtime.pid }, this.#context);
    const workload = new ContainerWorkload(handed, listenerFd, this.#warden);
    if (this.#warden !== undefined && !workload.guarded)
      this.#tell("warning", container.id, UNGUARDED);
    const worker = deferred<RunWorker>();
    this.#served.set(workload.pid, { workload, worker: worker.promise });
    const started = this.#begin(handed, run, {
      workload,
      owner: runtime.uid,
      begun: worker.resolve,
    });
    started.ended
      .then((result) => this.#ended(container.id, run, result))
      .catch((error: unknown) => {
        worker.reject(error instanceof Error ? error : new Error(String(error)));
        this.#failed(container.id, started.id, error);
      })
      .finally(() => {
        workload.kill();
        workload.dispose();
        if (this.#served.get(workload.pid)?.workload === workload)
          this.#served.delete(workload.pid);
      });
  }

  /** @throws ApiError when no more workloads are taken */
  #begin(
    handed: HandedOver,
    run: ContainerRun,
    {
      workload,
      owner,
      begun,
    }: { workload: ContainerWorkload; owner: number; begun: (worker: RunWorker) => void },
  ): ManagedRun {
    const host = this.#host(workload, begun);
    const origin = originOf(handed, run);
    try {
      return this.#context.registry.start({ request: run.request, host, owner, origin });
    } catch (error) {
      this.#served.delete(workload.pid);
      workload.dispose(true);
      throw error;
    }
  }

  /** The filter came with a listener of its own; the process is one of the same workload. */
  #join(handed: HandedOver, listenerFd: number): void {
    const { container, pid } = handed;
    const served = this.#served.get(container.pid ?? 0);
    if (served === undefined) {
      throw new ContainerError(
        "NOT_SERVED",
        "the container itself is not served by this daemon (was it started before?), so nothing can be executed in it",
      );
    }
    if (!served.workload.join(pid) && this.#warden !== undefined)
      this.#tell("warning", container.id, UNGUARDED);
    this.#admit(served, listenerFd, pid).catch((error: unknown) => {
      this.#tellRefused(handed, error);
      served.workload.killJoined(pid);
    });
  }

  async #admit({ worker }: ServedContainer, listenerFd: number, pid: number): Promise<void> {
    try {
      const { join } = await worker;
      if (join === undefined) throw new Error("its thread serves only one listener");
      await join({ listenerFd, pid });
    } catch (error) {
      closeSync(listenerFd);
      throw error;
    }
  }

  #host(workload: ContainerWorkload, started: (worker: RunWorker) => void): RunHost {
    const { protectedPids } = daemonHost(this.#context);
    return daemonHost(this.#context, {
      startWorker: async (...setup) => {
        const worker = await this.#context.startWorker(...setup);
        const joinable: RunWorker = {
          ...worker,
          serve: async (order) => {
            const features = await worker.serve(order);
            started(worker);
            return features;
          },
        };
        return joinable;
      },
      launch: async () => workload.taken(),
      group: () => workload.group,
      protectedPids: [...protectedPids, ...(this.#warden === undefined ? [] : [this.#warden.pid])],
    });
  }

  #ended(id: string, { learnInto, request }: ContainerRun, result: RunResult): void {
    if (learnInto === undefined) return;
    this.#learning.add(result, request.rules, learnInto).then(
      ({ points, runs, added }) =>
        this.#tell(
          "info",
          id,
          `learned into ${quote(learnInto)}: ${plural(points, "behaviour")} of ${plural(runs, "run")}, ${added} of them new`,
        ),
      (error: unknown) => this.#tell("error", id, `nothing was learned: ${messageOf(error)}`),
    );
  }

  /** A run that has begun is told of by the registry as well; one that has not, only here. */
  #failed(id: string, runId: string, error: unknown): void {
    const what = runId === "" ? "refused, it does not start" : "the run failed";
    this.#tell("error", id, `${what}: ${messageOf(error)}`);
  }

  #tellRefused({ container, joins }: HandedOver, error: unknown): void {
    const what = joins ? "a process for it was refused" : "refused, it does not start";
    this.#tell("error", container.id, `${what}: ${messageOf(error)}`);
  }

  #tell(word: "info" | "warning" | "error", id: string, text: string): void {
    this.#context.tell(word, `container ${quote(id, 80)}: ${text}`);
  }
}

function originOf({ container, pid }: HandedOver, { facts }: ContainerRun): WorkloadOrigin {
  const { id: _, ...others } = facts;
  return { kind: "container", containerId: container.id, pid, ...others };
}
