// SPDX-License-Identifier: Apache-2.0
// A run's host, wrapped: what passes through it is kept, so that the run can be looked at and ended from outside while it goes on.
import type { MessagePort } from "node:worker_threads";
import {
  createMirror,
  type Mirror,
  newHeartbeatBuffer,
  openLivePoints,
  ProgramsWatch,
} from "../../orchestrator/live/index.ts";

import type { AttestedNamespace } from "../../orchestrator/attest/index.ts";
import type { CgroupHandle, NoCgroup } from "../../orchestrator/cgroup.ts";
import type { RunPlan } from "../../orchestrator/plan.ts";
import type { CarriedOut, RunHost } from "../../orchestrator/run-host.ts";
import type { SignalReceiver } from "../../orchestrator/signals.ts";
import type { HeldWorkload } from "../../orchestrator/tsem/workload.ts";
import type { RunWorker, WorkerCallbacks } from "../../orchestrator/worker-client.ts";
import type { NamespaceOrder, WorkerSetup } from "../../orchestrator/worker-protocol.ts";
import type { Hold } from "../../orchestrator/workload.ts";
import { ApiError } from "../errors.ts";
import type { LaunchedWorkload } from "../../sensor/seccomp/launch-types.ts";

export class WatchedHost implements RunHost {
  readonly protectedPids: readonly number[];
  /** Memory that the thread that decides keeps up to date. */
  heartbeat: SharedArrayBuffer = newHeartbeatBuffer();
  /** The namespace as it can be read in this thread. */
  mirror: Mirror | undefined;
  worker: RunWorker | undefined;
  /** First process of what was launched; 0: not yet, or nothing was. */
  pid = 0;
  /** 0: there is none. */
  guardPid = 0;
  /** What the sensor and the launch found on this machine. */
  features: readonly string[] = [];
  /** Orders of operators. */
  carriedOut: CarriedOut = {};
  /** The workload can act. */
  serving = false;
  /** Nobody decides any more, and what is known of the namespace is old; or what was decided can not be recorded. The run can not succeed. */
  failed = false;
  readonly #host: RunHost;
  #launched: LaunchedWorkload | undefined;
  #receiver: SignalReceiver | undefined;
  #joined = false;
  #asked = false;
  /** Why it shall die, when that was said before it could be killed. */
  #condemned: string | undefined;
  /** Why it shall be left to the kernel, when that was said before it could be. */
  #leftFor: string | undefined;

  constructor(host: RunHost) {
    this.#host = host;
    this.protectedPids = host.protectedPids;
  }

  /** What it does descends from one of them. */
  get pids(): readonly number[] {
    const { pid, guardPid } = this;
    return [pid, guardPid, ...(this.#launched?.joinedPids ?? [])].filter((one) => one > 0);
  }

  async startWorker(
    setup: WorkerSetup,
    callbacks: WorkerCallbacks,
    transfer: readonly MessagePort[] = [],
  ): Promise<RunWorker> {
    const { points, link, transfer: ports } = openLivePoints(setup.tma);
    this.heartbeat = setup.heartbeat;
    const mirror = createMirror({ ...setup, points });
    this.mirror = mirror;
    const shared = { ...setup, shared: link };
    const noting: WorkerCallbacks = {
      ...callbacks,
      onFailed: (message) => {
        this.failed = true;
        callbacks.onFailed(message);
      },
    };
    const worker = await this.#host.startWorker(shared, noting, [...transfer, ...ports]);
    this.worker = worker;
    worker.done.catch(() => {
      this.failed = true;
    });
    if (worker.programs !== undefined) mirror.countWith(new ProgramsWatch(worker.programs));
    return this.#seeing(worker);
  }

  async launch(
    plan: RunPlan,
    group: CgroupHandle | undefined,
    hold: Hold,
  ): Promise<LaunchedWorkload> {
    const workload = await this.#host.launch(plan, group, hold);
    this.pid = workload.pid;
    this.guardPid = workload.guardPid;
    this.#launched = workload;
    return workload;
  }

  /** For evidence. @throws ApiError CONFLICT as long as there is none */
  get namespace(): AttestedNamespace {
    const mirror = (): Mirror => {
      if (this.mirror !== undefined) return this.mirror;
      throw new ApiError("CONFLICT", "the workload has not started yet");
    };
    return {
      instant: () => mirror().instant(),
      coefficients: (from, to) => mirror().coefficients(from, to),
      points: () => mirror().points(),
    };
  }

  group(name: string): CgroupHandle | NoCgroup {
    return this.#host.group(name);
  }

  attend(receiver: SignalReceiver, workload: HeldWorkload | undefined): () => void {
    this.#receiver = receiver;
    this.#joined = workload === undefined;
    if (workload !== undefined) this.features = [...workload.features, ...this.features];
    const undo = this.#host.attend(receiver, workload);
    if (this.#leftFor !== undefined) receiver.leave?.(this.#leftFor);
    if (this.#condemned !== undefined) this.kill(this.#condemned);
    else if (this.#asked && this.#leftFor === undefined) this.ask();
    return () => {
      this.#receiver = undefined;
      undo();
    };
  }

  /** @throws ControlError; ApiError CONFLICT, NOT_SERVED */
  async control(order: NamespaceOrder): Promise<void> {
    const { worker, mirror } = this;
    if (worker === undefined || mirror === undefined || !this.serving)
      throw new ApiError("CONFLICT", `${order.verb}: the workload has not started yet`);
    if (worker.control !== undefined) await worker.control(order);
    else if (order.verb === "seal") await mirror.seal();
    else throw new ApiError("NOT_SERVED", `${order.verb}: not with this sensor`);
    this.carriedOut = { ...this.carriedOut, ...this.#noted(order) };
  }

  #noted(order: NamespaceOrder): CarriedOut {
    switch (order.verb) {
      case "mode":
        return { enforced: order.value === "enforce" };
      case "seal":
        return { sealedAt: new Date() };
      case "enforce":
        return { enforced: true };
      case "base":
        return { base: order.value };
      case "pseudonym":
        return { pseudonyms: [...(this.carriedOut.pseudonyms ?? []), order.value] };
      case "state":
        // a point like others
        return {};
    }
  }

  /** Ends the workload; of one that was joined, only the modeling. */
  kill(reason: string): void {
    this.#condemned ??= reason;
    if (this.#joined) this.#receiver?.forward("SIGTERM");
    else this.#receiver?.kill(reason);
  }

  /** The daemon ends: what was joined stays in the kernel, where its model is enforced. */
  leave(reason: string): void {
    this.#asked = true;
    this.#leftFor = reason;
    this.#receiver?.leave?.(reason);
  }

  /** Somebody wants the workload to end: its first process gets SIGTERM, once there is one. */
  ask(): void {
    this.#asked = true;
    const receiver = this.#receiver;
    if (receiver === undefined) return;
    receiver.asked("SIGTERM");
    if (receiver.firstHasEnded()) receiver.kill("SIGTERM after the command had ended");
    else receiver.forward("SIGTERM");
  }

  /** Somebody outside of the workload wants its end. */
  get ending(): boolean {
    return this.#asked || this.#condemned !== undefined;
  }

  close(): void {
    this.mirror?.close();
  }

  /** The same worker; what `serve` finds is kept. */
  #seeing(worker: RunWorker): RunWorker {
    const { control, join } = worker;
    return {
      programs: worker.programs,
      exec: worker.exec,
      done: worker.done,
      serve: async (order) => {
        const features = await worker.serve(order);
        this.features = [...this.features, ...features];
        this.serving = true;
        return features;
      },
      launch: (order) => worker.launch(order),
      leave: () => worker.leave(),
      terminate: () => worker.terminate(),
      ...(control === undefined ? {} : { control: (order) => control.call(worker, order) }),
      ...(join === undefined ? {} : { join: (order) => join.call(worker, order) }),
    };
  }
}
