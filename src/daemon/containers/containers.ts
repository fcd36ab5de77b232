// SPDX-License-Identifier: Apache-2.0
// Containers that runtimes hand over: each becomes a run of the registry, or is refused and killed. A process that is executed in a
// container which runs already joins its run.
import { closeSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import { openPidfd, signalPidfd } from "../../native/pidfd.ffi.ts";
import { learnFurther } from "../../orchestrator/index.ts";
import type { RunHost } from "../../orchestrator/run-host.ts";
import type { RunResult } from "../../orchestrator/run-request.ts";
import type { RunWorker } from "../../orchestrator/worker-client.ts";
import type { WorkloadOrigin } from "../api/types.ts";
import { daemonHost } from "../host.ts";
import type { ManagedRun } from "../registry/managed-run.ts";
import type { DaemonContext } from "../part.ts";
import { ContainerError } from "./errors.ts";
import { MAX_LEARNING_RUNS } from "./limits.ts";
import { type ContainerRun, containerRun } from "./order.ts";
import type { HandedOver } from "./state.ts";
import type { Warden } from "./warden.ts";
import { ContainerWorkload } from "./workload.ts";

const SIGKILL = 9;

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
  /** By container id; the last one of an id. */
  readonly #served = new Map<string, ServedContainer>();

  constructor(context: DaemonContext, warden: Warden | undefined) {
    this.#context = context;
    this.#warden = warden;
  }

  /** @param listenerFd is taken, whatever becomes of the container */
  take(handed: HandedOver, listenerFd: number, runtime: Runtime): void {
    try {
      if (handed.joins) this.#join(handed, listenerFd);
      else this.#start(handed, listenerFd, runtime);
    } catch (error) {
      this.#refuse(handed, error);
      closeSync(listenerFd);
    }
  }

  #start(handed: HandedOver, listenerFd: number, runtime: Runtime): void {
    const { container, metadata } = handed;
    const run = containerRun({ container, metadata, runtimePid: runtime.pid }, this.#context);
    const workload = new ContainerWorkload(handed, listenerFd, this.#warden);
    if (this.#warden !== undefined && !workload.guarded)
      this.#tell("warning", container.id, "the warden is full: a killed daemon leaves it behind");
    const worker = deferred<RunWorker>();
    const served = { workload, worker: worker.promise };
    this.#served.set(container.id, served);
    const started = this.#begin(handed, run, {
      workload,
      owner: runtime.uid,
      begun: worker.resolve,
    });
    started.ended
      .then((result) => this.#ended(container.id, run, result))
      .catch((error: unknown) => {
        worker.reject(asError(error));
        this.#failed(handed, started.id, error);
      })
      .finally(() => {
        workload.kill();
        workload.dispose();
        if (this.#served.get(container.id) === served) this.#served.delete(container.id);
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
      this.#served.delete(handed.container.id);
      workload.dispose(true);
      throw error;
    }
  }

  /** The filter came with a listener of its own; the process is one of the same workload. */
  #join(handed: HandedOver, listenerFd: number): void {
    const { container, pid } = handed;
    const served = this.#served.get(container.id);
    if (served === undefined) {
      throw new ContainerError(
        "NOT_SERVED",
        "the container itself is not served by this daemon (was it started before?), so nothing can be executed in it",
      );
    }
    served.workload.join(pid);
    served.worker
      .then((worker) => {
        if (worker.join === undefined) throw new Error("its thread serves only one listener");
        return worker.join({ listenerFd, pid });
      })
      .catch((error: unknown) => {
        this.#refuse(handed, error);
        closeSync(listenerFd);
      });
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
    try {
      const { rules } = request;
      const learned = learnFurther(result, {
        rules,
        output: learnInto,
        maxRuns: MAX_LEARNING_RUNS,
      });
      const points = learned.model.spec.points.length;
      this.#tell(
        "info",
        id,
        `learned into ${quote(learnInto)}: ${points} behaviours of ${learned.runs} runs, ${learned.added} of them new`,
      );
    } catch (error) {
      this.#tell("error", id, `nothing was learned: ${asError(error).message}`);
    }
  }

  /** A run that has begun is told of by the registry; one that has not, here. */
  #failed(handed: HandedOver, runId: string, error: unknown): void {
    if (runId === "") this.#refuse(handed, error);
    else this.#tell("error", handed.container.id, `the run failed: ${asError(error).message}`);
  }

  /** The process is killed before it was anything of the container's own. */
  #refuse({ container, pid, joins }: HandedOver, error: unknown): void {
    const what = joins ? "a process for it was refused" : "refused, it does not start";
    this.#tell("error", container.id, `${what}: ${asError(error).message}`);
    killOne(pid);
  }

  #tell(word: "info" | "warning" | "error", id: string, text: string): void {
    this.#context.tell(word, `container ${quote(id, 80)}: ${text}`);
  }
}

/** It is held by its filter, or dead: the number is its own. */
function killOne(pid: number): void {
  try {
    const pidfd = openPidfd(pid);
    signalPidfd(pidfd, SIGKILL);
    closeSync(pidfd);
  } catch {
    // it has ended
  }
}

function originOf({ container, pid }: HandedOver, { facts }: ContainerRun): WorkloadOrigin {
  const { id: _, ...others } = facts;
  return { kind: "container", containerId: container.id, pid, ...others };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

function deferred<T>(): Deferred<T> {
  let settle: Pick<Deferred<T>, "resolve" | "reject"> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // asked for only when something is executed in the container
  promise.catch(() => undefined);
  return {
    promise,
    resolve: (value) => settle?.resolve(value),
    reject: (error) => settle?.reject(error),
  };
}
