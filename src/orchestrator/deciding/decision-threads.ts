// SPDX-License-Identifier: Apache-2.0
// Threads that decide for many workloads each, as the main thread sees them: started when they are needed, given namespaces, watched.
import { availableParallelism } from "node:os";
import type { MessagePort } from "node:worker_threads";
import type { RunWorker, WorkerCallbacks } from "../worker-client.ts";
import type { WorkerSetup } from "../worker-protocol.ts";
import { DecidingThread } from "./deciding-thread.ts";
import { LOOK_MS, MAX_DECISION_THREADS, MAX_OTHERS_WAIT_MS, THREAD_GRACE_MS } from "./limits.ts";

/** A place for one namespace in a shared thread. `terminate` gives it back; the thread goes on for the others. */
export interface DecidingPlace extends RunWorker {
  control: NonNullable<RunWorker["control"]>;
  join: NonNullable<RunWorker["join"]>;
}

export interface DecisionThreadsOptions {
  /** Default: as many as there are processors, up to MAX_DECISION_THREADS. */
  readonly threads?: number;
  readonly patience?: Patience;
}

/** How long the workloads of a thread wait for one of them (ms). */
export interface Patience {
  /** Default MAX_OTHERS_WAIT_MS. */
  readonly othersWaitMs: number;
  /** Default THREAD_GRACE_MS. */
  readonly graceMs: number;
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

export function createDecisionThreads(options: DecisionThreadsOptions = {}): DecisionThreads {
  return new ThreadPool(
    options.threads ?? Math.min(MAX_DECISION_THREADS, availableParallelism()),
    options.patience ?? { othersWaitMs: MAX_OTHERS_WAIT_MS, graceMs: THREAD_GRACE_MS },
  );
}

class ThreadPool implements DecisionThreads {
  readonly #most: number;
  readonly #patience: Patience;
  #threads: DecidingThread[] = [];
  #watch: NodeJS.Timeout | undefined;

  constructor(most: number, patience: Patience) {
    this.#most = most;
    this.#patience = patience;
  }

  get occupation(): readonly number[] {
    return this.#threads.map(({ places }) => places);
  }

  open(
    setup: WorkerSetup,
    callbacks: WorkerCallbacks,
    transfer: readonly MessagePort[] = [],
  ): Promise<DecidingPlace> {
    return this.#emptiest().open(setup, callbacks, transfer);
  }

  async close(): Promise<void> {
    clearInterval(this.#watch);
    await Promise.all(this.#threads.splice(0).map((thread) => thread.close()));
  }

  /** The one with the fewest namespaces; a new one as long as there may be more and none is empty. */
  #emptiest(): DecidingThread {
    this.#threads = this.#threads.filter(({ works }) => works);
    const [best] = this.#threads.toSorted((a, b) => a.places - b.places);
    if (best !== undefined && (best.places === 0 || this.#threads.length >= this.#most))
      return best;
    const thread = new DecidingThread(this.#patience);
    this.#threads.push(thread);
    this.#watch ??= setInterval(
      () => this.#look(),
      Math.min(LOOK_MS, this.#patience.graceMs / 2),
    ).unref();
    return thread;
  }

  #look(): void {
    const now = process.hrtime.bigint();
    for (const thread of this.#threads) thread.look(now);
  }
}
