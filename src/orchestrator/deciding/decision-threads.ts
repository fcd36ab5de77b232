// SPDX-License-Identifier: Apache-2.0
// Threads that decide for many workloads each, as the main thread sees them: started when they are needed, given namespaces, watched.
import type { MessagePort } from "node:worker_threads";
import type { RunWorker, WorkerCallbacks } from "../worker-client.ts";
import type { WorkerSetup } from "../worker-protocol.ts";

/** A place for one namespace in a shared thread. `terminate` gives it back; the thread goes on for the others. */
export interface DecidingPlace extends RunWorker {
  control: NonNullable<RunWorker["control"]>;
  join: NonNullable<RunWorker["join"]>;
}

export interface DecisionThreadsOptions {
  /** Default: as many as there are processors, up to MAX_DECISION_THREADS. */
  readonly threads?: number;
}

export interface DecisionThreads {
  /**
   * As `startWorker`, in the thread that has the fewest namespaces.
   * @throws RunError WORKER_FAILED, NO_SENSOR
   */
  open(
    setup: WorkerSetup,
    callbacks: WorkerCallbacks,
    transfer?: readonly MessagePort[],
  ): Promise<DecidingPlace>;
  /** Namespaces in each thread. */
  readonly occupation: readonly number[];
  /** Ends the threads; namespaces that are still served fail. */
  close(): Promise<void>;
}
