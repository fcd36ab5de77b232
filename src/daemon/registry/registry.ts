// SPDX-License-Identifier: Apache-2.0
// The workloads that run under this daemon.
import { quote } from "../../base/quote.ts";
import { LeftRun, sensorOf } from "../../orchestrator/index.ts";
import type { RunRequest } from "../../orchestrator/run-request.ts";
import { ApiError } from "../errors.ts";
import { MAX_WORKLOADS } from "../limits.ts";
import { Lifecycle, type LifecycleListener } from "./lifecycle.ts";
import { LiveRun } from "./live-run.ts";
import type { ManagedRun, StartOrder } from "./managed-run.ts";
import { type WorkloadEntry, WorkloadFiles } from "./workload-files.ts";

export interface RegistryOptions {
  /** Folder of the files that say which workloads run. */
  readonly folder: string;
  /** A listener of the lifecycle threw. */
  onError(error: unknown): void;
  /** One line for people. */
  onNotice(text: string): void;
}

export interface ClosingOptions {
  /** Time that workloads get to end by themselves. */
  readonly graceMs: number;
  /** Nobody is left to the kernel: whoever was joined goes on without a model. */
  readonly releases?: boolean;
}

export class Registry {
  /** What measurement and state of workloads that are started from now on begin with; undefined: as their models say. */
  aggregate: RunRequest["aggregate"];
  readonly #lifecycle: Lifecycle;
  /** Those that are listed, by id. */
  readonly #runs = new Map<string, ManagedRun>();
  /** All of them, also those that have no id yet. */
  readonly #all = new Set<ManagedRun>();
  readonly #files: WorkloadFiles;
  /** As it was when this daemon started. */
  readonly #before: readonly WorkloadEntry[];
  readonly #options: RegistryOptions;
  #closed = false;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#files = new WorkloadFiles(options.folder);
    this.#before = this.#files.list(options.onNotice);
    this.#lifecycle = new Lifecycle((error) => options.onError(error));
  }

  /** @returns what ends it */
  listen(listener: LifecycleListener): () => void {
    return this.#lifecycle.listen(listener);
  }

  /**
   * Runs a workload. Whatever goes wrong with it is told by `started` and `ended`, and to the listeners once they know of it.
   * @throws ApiError CONFLICT when no more workloads are taken
   */
  start(order: StartOrder): ManagedRun {
    if (this.#closed) throw new ApiError("CONFLICT", "the daemon is stopping: nothing is started");
    if (this.#all.size >= MAX_WORKLOADS)
      throw new ApiError("CONFLICT", `${MAX_WORKLOADS} workloads run already: no more are started`);
    const run = new LiveRun(this.#begunWith(order), {
      onStarted: (begun) => this.#begin(begun),
      onViolation: (of, violation) =>
        this.#lifecycle.tell({ type: "violation", run: of, violation }),
      onNotice: (of, text) => {
        if (of.id !== "") this.#lifecycle.tell({ type: "notice", run: of, text });
      },
    });
    this.#all.add(run);
    run.ended.then(
      (result) => this.#end(run, () => this.#lifecycle.tell({ type: "ended", run, result })),
      (error: unknown) => {
        if (error instanceof LeftRun) this.#left(run);
        else this.#end(run, () => this.#fail(run, error));
      },
    );
    return run;
  }

  /** A run that goes on has begun already. */
  #begunWith(order: StartOrder): StartOrder {
    const { aggregate } = this;
    const { request } = order;
    if (aggregate === undefined || request.bpf?.adopt !== undefined) return order;
    return { ...order, request: { ...request, aggregate } };
  }

  /** What an earlier daemon had when it was killed. */
  left(): readonly WorkloadEntry[] {
    return this.#before;
  }

  /** An entry of `left` could not be dealt with: the next daemon finds it. @throws DaemonError NO_DIRECTORY, NOT_ALLOWED */
  keep(entry: WorkloadEntry): void {
    this.#files.add(entry);
  }

  /** An entry of `left` has been dealt with. */
  settle(entry: WorkloadEntry, what: string): void {
    this.#lifecycle.tell({ type: "orphaned", entry, what });
    // a run that goes on has written it anew
    if (!this.#runs.has(entry.id)) this.#files.remove(entry.id);
  }

  /**
   * Takes no more workloads, asks those that run to end, kills what still runs after `graceMs`, and settles when all reports are written.
   * Who was joined under an enforced model is left to the kernel, unless `releases`.
   */
  async close(reason: string, { graceMs, releases = false }: ClosingOptions): Promise<void> {
    this.#closed = true;
    const gone = Promise.allSettled([...this.#all].map(({ ended }) => ended));
    for (const run of this.#all) if (releases || !run.leave(reason)) run.ask();
    const killing = setTimeout(() => this.killAll(reason), graceMs);
    await gone;
    clearTimeout(killing);
  }

  killAll(reason: string): void {
    for (const run of this.#all) run.kill(reason);
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

  #begin(run: ManagedRun): void {
    const { id, name, owner, origin, plan, directory } = run;
    this.#runs.set(id, run);
    this.#files.add({
      id,
      name,
      owner,
      origin,
      sensor: sensorOf(plan.request),
      started: new Date().toISOString(),
      directory: directory.path,
      daemonPid: process.pid,
    });
    this.#lifecycle.tell({ type: "started", run });
  }

  #end(run: ManagedRun, tell: () => void): void {
    this.#all.delete(run);
    this.#runs.delete(run.id);
    if (run.id === "") return;
    tell();
    try {
      this.#files.remove(run.id);
    } catch (error) {
      this.#options.onError(error);
    }
  }

  /** Its file stays: the next daemon goes on with it. */
  #left(run: ManagedRun): void {
    this.#all.delete(run);
    this.#runs.delete(run.id);
    const text =
      "its processes go on in the hands of the kernel, which refuses what is outside of the model; " +
      "the next daemon goes on with it, galgo doctor --cleanup --set-free lets them go";
    this.#lifecycle.tell({ type: "notice", run, text });
    this.#options.onNotice(`workload ${quote(run.name)}: ${text}`);
  }

  #fail(run: ManagedRun, error: unknown): void {
    const cause = error instanceof Error ? error : new Error(String(error));
    this.#lifecycle.tell({ type: "failed", run, error: cause });
  }
}
