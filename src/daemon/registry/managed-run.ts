// SPDX-License-Identifier: Apache-2.0
// One workload of the daemon as its other parts see it.
import type { AttestedNamespace, AttestedRun } from "../../orchestrator/attest/index.ts";
import type { SecurityPoint } from "../../model/runtime/index.ts";
import type { RunPlan } from "../../orchestrator/plan.ts";
import type { RunHost } from "../../orchestrator/run-host.ts";
import type { RunObserver, RunRequest, RunResult } from "../../orchestrator/run-request.ts";
import type { NamespaceOrder } from "../../orchestrator/worker-protocol.ts";
import type { RunDirectory } from "../../orchestrator/state-dir.ts";
import type { WorkloadOrigin, WorkloadStatus } from "../api/types.ts";

/** A workload that is to be run. */
export interface StartOrder {
  readonly request: RunRequest;
  readonly host: RunHost;
  /** User whose workload it is. */
  readonly owner: number;
  /** Default: the request's command or target, with the pid that it gets. */
  readonly origin?: WorkloadOrigin;
  /** Hears what the registry's listeners hear, of this run alone. */
  readonly observer?: RunObserver;
}

/** A run, and its namespace as it can be read in this thread. */
export interface AttestedParts {
  readonly run: AttestedRun;
  readonly mirror: AttestedNamespace;
}

export interface ManagedRun {
  /** Id of the run; empty before `started`. */
  readonly id: string;
  /** Empty before `started`. */
  readonly name: string;
  /** User whose workload it is. */
  readonly owner: number;
  readonly origin: WorkloadOrigin;
  /** @throws ApiError CONFLICT before `started` */
  readonly directory: RunDirectory;
  /** What runs, under which rules. @throws ApiError CONFLICT before `started` */
  readonly plan: RunPlan;
  /** Its first process, its guard, what was executed in a container: what it does descends from one of them. Of one that was joined, what belongs to it now. */
  readonly pids: readonly number[];
  /** Counters and times that the thread that decides keeps up to date (`readPulse`, `readLatency`). */
  readonly heartbeat: SharedArrayBuffer;
  /** The run has its folder, and is listed from now on. Rejects when it fails earlier. */
  readonly started: Promise<void>;
  /** No process of the workload is left, and the report is written. Rejects as `runWorkload` does, with LeftRun after `leave`. */
  readonly ended: Promise<RunResult>;
  status(): WorkloadStatus;
  /** What evidence is made of. @throws ApiError CONFLICT before `started` */
  attested(): AttestedParts;
  /** In the order of discovery. */
  points(): readonly SecurityPoint[];
  /** The model of the workload, or of what it has done so far, as the text of a model file. */
  model(): string;
  /** @throws ApiError NOT_SERVED when its sensor can not do that; CONFLICT when it is too late for it */
  control(order: NamespaceOrder): Promise<void>;
  /** Ends the workload as a whole, at once; processes that were joined go on, and are no longer modeled. */
  kill(reason: string): void;
  /** Asks the workload to end, as SIGTERM does. */
  ask(): void;
  /**
   * Leaves it to the kernel, which goes on refusing what is outside of its model.
   * @returns false: it is not in the kernel's hands, or nothing is refused
   */
  leave(reason: string): boolean;
}
