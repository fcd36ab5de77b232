// SPDX-License-Identifier: Apache-2.0
// What happens to workloads of the daemon, as its parts hear of it. Listeners are called in the main thread, one after the other; one that
// throws does not keep the others from hearing.
import type { ViolationReport } from "../../orchestrator/namespace/namespace-types.ts";
import type { RunResult } from "../../orchestrator/run-request.ts";
import type { ManagedRun } from "./managed-run.ts";
import type { WorkloadEntry } from "./workload-files.ts";

export type LifecycleEvent =
  | { readonly type: "started"; readonly run: ManagedRun }
  | { readonly type: "violation"; readonly run: ManagedRun; readonly violation: ViolationReport }
  | { readonly type: "notice"; readonly run: ManagedRun; readonly text: string }
  | { readonly type: "ended"; readonly run: ManagedRun; readonly result: RunResult }
  | { readonly type: "failed"; readonly run: ManagedRun; readonly error: Error }
  /** A workload of an earlier daemon that was killed; `what` says what became of it. */
  | { readonly type: "orphaned"; readonly entry: WorkloadEntry; readonly what: string };

export type LifecycleListener = (event: LifecycleEvent) => void;

export class Lifecycle {
  readonly #listeners = new Set<LifecycleListener>();
  readonly #onError: (error: unknown) => void;

  /** @param onError hears of listeners that threw */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** @returns what ends it */
  listen(listener: LifecycleListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(event: LifecycleEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
