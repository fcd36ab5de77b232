// SPDX-License-Identifier: Apache-2.0
// The main thread's end of the worker: starts it, hands it the workload, and turns what it posts into callbacks and promises.
import type { MessagePort, Worker } from "node:worker_threads";
import type { AgentPlace } from "../sensor/bpf/index.ts";
import { RunError } from "./errors.ts";
import type { ViolationReport } from "./namespace/namespace-types.ts";
import { noBpfSensor } from "./sensors.ts";
import { takeWorkerThread } from "./thread/worker-thread.ts";
import type {
  JoinOrder,
  NamespaceOrder,
  ServeOrder,
  TsemLaunched,
  TsemLaunchOrder,
  WorkerMessage,
  WorkerResult,
  WorkerSetup,
} from "./worker-protocol.ts";

export interface WorkerCallbacks {
  onViolation(violation: ViolationReport): void;
  /** The workload has to die. */
  onKill(reason: string): void;
  onFailed(message: string): void;
  onNotice(text: string): void;
}

export interface RunWorker {
  /** BPF only: where the namespace is in the kernel. */
  readonly programs: AgentPlace | undefined;
  /** Hands the workload over; settles when its first call can come, with the features that the sensor found. */
  serve(order: ServeOrder): Promise<readonly string[]>;
  /** TSEM only: makes the namespace; settles with the workload's first task, held. Rejects with RunError WORKER_FAILED. */
  launch(order: TsemLaunchOrder): Promise<TsemLaunched>;
  /** TSEM only: the errno of an exec that failed, null when the command runs. */
  readonly exec: Promise<number | null>;
  /** Settles when the workload is gone; rejects with RunError WORKER_FAILED when the worker ended without a result. */
  readonly done: Promise<WorkerResult>;
  /** In a shared thread only: an order of an operator's. Rejects with ControlError, and then nothing has changed. */
  control?(order: NamespaceOrder): Promise<void>;
  /** In a shared thread only: one more listener of the same workload, of a task that came into it from outside. Settles when it is served. */
  join?(order: JoinOrder): Promise<void>;
  /** BPF only, in place of `serve`: gives the namespace back. The thread ends when that is done. */
  leave(): void;
  /** Ends the thread, also in the middle of something. */
  terminate(): Promise<void>;
}

/**
 * Starts the worker and waits until it could take events. `transfer` lists what the setup gives away.
 * @throws RunError WORKER_FAILED, NO_SENSOR
 */
export async function startWorker(
  setup: WorkerSetup,
  callbacks: WorkerCallbacks,
  transfer: readonly MessagePort[] = [],
): Promise<RunWorker> {
  const thread = takeWorkerThread();
  const { ready, launched, exec, serving, done } = follow(thread, callbacks);
  thread.postMessage(setup, [...transfer]);
  const programs = await ready;
  return {
    programs,
    serve: (order) => {
      thread.postMessage(order);
      return serving;
    },
    launch: (order) => {
      thread.postMessage(order);
      return launched;
    },
    exec,
    done,
    leave: () => thread.postMessage("leave"),
    terminate: async () => {
      await thread.terminate();
    },
  };
}

interface Milestones {
  readonly ready: Promise<AgentPlace | undefined>;
  readonly launched: Promise<TsemLaunched>;
  readonly exec: Promise<number | null>;
  readonly serving: Promise<readonly string[]>;
  readonly done: Promise<WorkerResult>;
}

function follow(thread: Worker, callbacks: WorkerCallbacks): Milestones {
  let failure: string | undefined;
  const end = deferred<WorkerResult>();
  const start = deferred<AgentPlace | undefined>();
  const service = deferred<readonly string[]>();
  const launch = deferred<TsemLaunched>();
  const exec = deferred<number | null>();
  const fail = (message: string): void => {
    const error = new RunError("WORKER_FAILED", `the thread that decides ended: ${message}`);
    for (const milestone of [start, launch, exec, service, end]) milestone.reject(error);
  };
  thread.on("message", (message: WorkerMessage) => {
    switch (message.type) {
      case "ready":
        return start.resolve(message.bpf);
      case "no-sensor":
        return start.reject(noBpfSensor(message.message));
      case "launched":
        return launch.resolve(message.launched);
      case "exec":
        return exec.resolve(message.errno);
      case "notice":
        return callbacks.onNotice(message.text);
      case "serving":
        return service.resolve(message.features);
      case "violation":
        return callbacks.onViolation(message.violation);
      case "kill":
        return callbacks.onKill(message.reason);
      case "failed":
        failure = message.message;
        return callbacks.onFailed(message.message);
      case "done":
        return end.resolve(message.result);
    }
  });
  thread.on("error", (error) => {
    callbacks.onKill(`Galgo failed: ${error.message}`);
    fail(error.message);
  });
  thread.on("exit", (code) => fail(failure ?? `exit status ${code}`));
  // a run that fails earlier never asks for these
  for (const milestone of [launch, exec, service, end]) milestone.promise.catch(() => undefined);
  return {
    ready: start.promise,
    launched: launch.promise,
    exec: exec.promise,
    serving: service.promise,
    done: end.promise,
  };
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
  return {
    promise,
    resolve: (value) => settle?.resolve(value),
    reject: (error) => settle?.reject(error),
  };
}
