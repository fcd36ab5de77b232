// SPDX-License-Identifier: Apache-2.0
// What the main thread and the worker thread of a run say to each other. Plain data only, and memory that both see.
import type { SecurityPoint } from "../model/runtime/index.ts";
import type { SensorStats } from "../sensor/sensor.ts";
import type { TmaSpec } from "../tma/index.ts";
import type { SharedPointsLink } from "./quixote/shared-points.ts";
import type { NamespaceSummary, ViolationReport } from "./namespace.ts";
import type { RunMode, ViolationPolicy } from "./run-record.ts";

/** Given to the worker when it starts. */
export interface WorkerSetup {
  readonly heartbeat: SharedArrayBuffer;
  readonly mode: RunMode;
  readonly onViolation: ViolationPolicy;
  readonly tma: TmaSpec;
  /** Where digests are kept between runs. */
  readonly stateRoot: string;
  readonly trajectory: string;
  readonly forensics: string;
  /** Set when consoles are served: the points are shared as they come, and `seal` is obeyed. */
  readonly shared?: SharedPointsLink;
}

/** Sent once, when the workload is held before its first instruction. */
export interface ServeOrder {
  readonly listenerFd: number;
  readonly workloadPid: number;
  /** Processes of Galgo that the workload must neither signal nor trace. */
  readonly protectedPids: readonly number[];
  /** An open cgroup.kill: writing "1" to it ends the workload without the help of another thread. */
  readonly cgroupKillFd?: number;
}

/** What the worker found out, when the workload is gone. */
export interface WorkerResult {
  readonly summary: NamespaceSummary;
  readonly sensor: SensorStats;
  readonly state: string;
  readonly measurement: string;
  readonly points: readonly SecurityPoint[];
}

export type WorkerMessage =
  | { readonly type: "ready" }
  /** The first call can come; `features` were found on this machine. */
  | { readonly type: "serving"; readonly features: readonly string[] }
  | { readonly type: "violation"; readonly violation: ViolationReport }
  /** The workload has to die; the worker has done what it can. */
  | { readonly type: "kill"; readonly reason: string }
  /** Something went wrong; the run can not succeed. */
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "done"; readonly result: WorkerResult };
