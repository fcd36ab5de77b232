// SPDX-License-Identifier: Apache-2.0
// The main thread's end of the worker: starts it, hands it the workload, and turns what it posts into callbacks and promises.
import type { MessagePort, Worker } from "node:worker_threads";
import { deferred } from "../base/deferred.ts";
import type { AgentPlace } from "../sensor/bpf/index.ts";
import { LeftRun, RunError } from "./errors.ts";
import type { ViolationReport } from "./namespace/namespace-types.ts";
import { noBpfSensor } from "./sensors.ts";
import { takeWorkerThread } from "./thread/worker-thread.ts";
import type { AnomalyReport } from "./sequences/anomaly.ts";
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
  onAnomaly(anomaly: AnomalyReport): void;
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
  /**
   * Settles when the workload is gone; rejects with LeftRun when it was left to the kernel, with RunError WORKER_FAILED when the worker
   * ended without a result.
   */
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
  const milestones = new Milestones(callbacks);
  follow(thread, milestones, callbacks);
  const { ready, launched, exec, serving, done } = milestones.promises;
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

function follow(thread: Worker, milestones: Milestones, callbacks: WorkerCallbacks): void {
  thread.on("message", (message: WorkerMessage) => milestones.take(message));
  thread.on("error", (error) => {
    callbacks.onKill(`Galgo failed: ${error.message}`);
    milestones.fail(error.message);
  });
  thread.on("exit", (code) => milestones.fail(`exit status ${code}`));
}

/** What a thread that decides says of one namespace, as callbacks and promises. */
export class Milestones {
  readonly promises: {
    readonly ready: Promise<AgentPlace | undefined>;
    readonly launched: Promise<TsemLaunched>;
    readonly exec: Promise<number | null>;
    readonly serving: Promise<readonly string[]>;
    readonly done: Promise<WorkerResult>;
  };
  readonly #callbacks: WorkerCallbacks;
  readonly #end = deferred<WorkerResult>();
  readonly #start = deferred<AgentPlace | undefined>();
  readonly #service = deferred<readonly string[]>();
  readonly #launch = deferred<TsemLaunched>();
  readonly #exec = deferred<number | null>();
  #failure: string | undefined;

  constructor(callbacks: WorkerCallbacks) {
    this.#callbacks = callbacks;
    this.promises = {
      ready: this.#start.promise,
      launched: this.#launch.promise,
      exec: this.#exec.promise,
      serving: this.#service.promise,
      done: this.#end.promise,
    };
    // a run that fails earlier never asks for these
    for (const milestone of [this.#launch, this.#exec, this.#service, this.#end])
      milestone.promise.catch(() => undefined);
  }

  take(message: WorkerMessage): void {
    switch (message.type) {
      case "ready":
        this.#start.resolve(message.bpf);
        return;
      case "no-sensor":
        this.#start.reject(noBpfSensor(message.message));
        return;
      case "launched":
        this.#launch.resolve(message.launched);
        return;
      case "exec":
        this.#exec.resolve(message.errno);
        return;
      case "notice":
        this.#callbacks.onNotice(message.text);
        return;
      case "serving":
        this.#service.resolve(message.features);
        return;
      case "violation":
        this.#callbacks.onViolation(message.violation);
        return;
      case "anomaly":
        this.#callbacks.onAnomaly(message.anomaly);
        return;
      case "kill":
        this.#callbacks.onKill(message.reason);
        return;
      case "failed":
        this.#failure = message.message;
        this.#callbacks.onFailed(message.message);
        return;
      case "done":
        this.#end.resolve(message.result);
        return;
      case "left":
        this.#end.reject(new LeftRun(message.gap));
        return;
    }
  }

  /** Nothing more will be said: what has not settled, fails. */
  fail(message: string): void {
    const why = this.#failure ?? message;
    const error = new RunError("WORKER_FAILED", `the thread that decides ended: ${why}`);
    for (const milestone of [this.#start, this.#launch, this.#exec, this.#service, this.#end])
      milestone.reject(error);
  }
}
