// SPDX-License-Identifier: Apache-2.0
// One workload of the daemon as its other parts see it.
import type { SecurityPoint } from "../../model/runtime/index.ts";
import type { RunResult } from "../../orchestrator/run-request.ts";
import type { RunDirectory } from "../../orchestrator/state-dir.ts";
import type { ControlOrder, WorkloadOrigin, WorkloadStatus } from "../api/types.ts";

export interface ManagedRun {
  /** Id of the run. @throws ApiError CONFLICT before `started` */
  readonly id: string;
  readonly name: string;
  /** User whose workload it is. */
  readonly owner: number;
  readonly origin: WorkloadOrigin;
  /** @throws ApiError CONFLICT before `started` */
  readonly directory: RunDirectory;
  /** The run has its folder, and is listed from now on. Rejects when it fails earlier. */
  readonly started: Promise<void>;
  /** No process of the workload is left, and the report is written. Rejects as `runWorkload` does. */
  readonly ended: Promise<RunResult>;
  status(): WorkloadStatus;
  /** In the order of discovery. */
  points(): readonly SecurityPoint[];
  /** The model of the workload, or of what it has done so far, as the text of a model file. */
  model(): Promise<string>;
  /** @throws ApiError NOT_SERVED when its sensor can not do that, CONFLICT when it is too late */
  control(order: ControlOrder): Promise<void>;
  /** Ends the workload as a whole. */
  kill(reason: string): void;
}
