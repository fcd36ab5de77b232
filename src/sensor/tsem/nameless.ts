// SPDX-License-Identifier: Apache-2.0
// A task waits and no record says which (the kernel exports tun_dev hooks without a pid). Only where nothing is refused: an
// enforcing namespace ends its workload instead. The rule, also in docs/tsem.md:
//   1. Only once the queue is empty: whoever waits then and has a record of his own has been answered.
//   2. Every task of the workload that a record has named is told `trusted`, with the tnum of its last record. The kernel takes
//      that from a task that does not wait without harm, and never takes "untrusted" back.
//   3. A task that no record has named yet is told as soon as one does. The wait is over when each has been told.
//   4. A process of which no task is known, while nothing comes out of the namespace until the deadline: the workload is killed.
import type { Outcome } from "./control.ts";
import type { KnownTasks, ProcessTasks } from "./tasks.ts";

export interface NamelessOptions {
  readonly known: KnownTasks;
  readonly deadlineMs: number;
  tasks(): readonly ProcessTasks[];
  release(pid: number, tnum: bigint): Outcome;
  hung(reason: string): void;
}

export class NamelessWait {
  readonly #options: NamelessOptions;
  /** Tasks told since the last record without a name; undefined: nobody of that kind waits. */
  #told: Set<number> | undefined;
  #quietSince = 0;

  constructor(options: NamelessOptions) {
    this.#options = options;
  }

  get active(): boolean {
    return this.#told !== undefined;
  }

  /** Such a record was read. */
  begin(): void {
    this.#told = new Set();
    this.#quietSince = performance.now();
  }

  /** Another record came: the workload does not hang. */
  advanced(): void {
    if (this.#told !== undefined) this.#quietSince = performance.now();
  }

  /** To be called with the queue empty. */
  look(): void {
    const told = this.#told;
    if (told === undefined) return;
    const processes = this.#options.tasks();
    const unknown = processes.filter((process) => !this.#tell(process, told));
    if (unknown.length === 0) {
      this.#told = undefined;
      return;
    }
    const quietMs = performance.now() - this.#quietSince;
    if (quietMs < this.#options.deadlineMs) return;
    this.#told = undefined;
    const pids = unknown.map(({ pid }) => pid).join(", ");
    this.#options.hung(
      `a task waits that no record names, nothing happened for ${Math.round(quietMs)} ms, and process ${pids} was never heard of`,
    );
  }

  /** Tells the tasks of a process that are known; false when none is. */
  #tell({ tids }: ProcessTasks, told: Set<number>): boolean {
    let any = false;
    for (const tid of tids) {
      const tnum = this.#options.known.tnumOf(tid);
      if (tnum === undefined) continue;
      any = true;
      if (told.has(tid)) continue;
      told.add(tid);
      this.#options.release(tid, tnum);
    }
    return any;
  }
}
