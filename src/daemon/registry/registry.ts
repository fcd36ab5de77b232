// SPDX-License-Identifier: Apache-2.0
// The workloads that run under this daemon.
import { quote } from "../../base/quote.ts";
import { ApiError } from "../errors.ts";
import { Lifecycle, type LifecycleListener } from "./lifecycle.ts";
import type { ManagedRun } from "./managed-run.ts";

export interface RegistryOptions {
  /** A listener of the lifecycle threw. */
  onError(error: unknown): void;
}

export class Registry {
  readonly #lifecycle: Lifecycle;
  readonly #runs = new Map<string, ManagedRun>();

  constructor(options: RegistryOptions) {
    this.#lifecycle = new Lifecycle((error) => options.onError(error));
  }

  /** @returns what ends it */
  listen(listener: LifecycleListener): () => void {
    return this.#lifecycle.listen(listener);
  }

  /** Workloads that run, the oldest first. */
  list(): readonly ManagedRun[] {
    return [...this.#runs.values()];
  }

  /**
   * A workload by the id of its run, or by its name where only one has it.
   * @throws ApiError NOT_FOUND, AMBIGUOUS
   */
  find(id: string): ManagedRun {
    const run = this.#runs.get(id);
    if (run !== undefined) return run;
    const [named, other] = this.list().filter(({ name }) => name === id);
    if (named === undefined) {
      throw new ApiError("NOT_FOUND", `no workload ${quote(id)} runs here; galgo ps lists them`);
    }
    if (other === undefined) return named;
    throw new ApiError(
      "AMBIGUOUS",
      `several workloads are named ${quote(id)}: say which by its id (galgo ps)`,
    );
  }
}
