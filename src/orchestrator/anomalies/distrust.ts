// SPDX-License-Identifier: Apache-2.0
// Processes that are not to be trusted any more, told to the thread that decides through memory that both see: it may be asleep in the
// kernel, and asks nobody. One writer, one reader.
import type { SecurityEvent } from "../../event/index.ts";

/** Processes that can be distrusted at a time; beyond that nothing of the workload is trusted. */
export const MAX_DISTRUSTED = 1_024;

const COUNT = 0;
const ALL = 1;
const FIELDS = 2;
const ENTRY = 2;

export function newDistrustBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer((FIELDS + ENTRY * MAX_DISTRUSTED) * Int32Array.BYTES_PER_ELEMENT);
}

/** The side of who finds something strange. */
export class DistrustWriter {
  readonly #cells: Int32Array<SharedArrayBuffer>;

  constructor(buffer: SharedArrayBuffer) {
    this.#cells = new Int32Array(buffer);
  }

  /**
   * From now on nothing that this process does is allowed. It is found by its number and the program that it is, so that another process with
   * that number is not taken for it.
   * @param taskId hex
   */
  add(pid: number, taskId: string): void {
    const cells = this.#cells;
    const count = Atomics.load(cells, COUNT);
    if (count >= MAX_DISTRUSTED) {
      this.all();
      return;
    }
    const at = FIELDS + ENTRY * count;
    Atomics.store(cells, at, pid);
    Atomics.store(cells, at + 1, digits(taskId));
    // last: whoever sees the count sees what is counted
    Atomics.store(cells, COUNT, count + 1);
  }

  /** Nothing that any process of the workload does is allowed from now on. */
  all(): void {
    Atomics.store(this.#cells, ALL, 1);
  }
}

/** The side of who decides. */
export class DistrustReader {
  readonly #cells: Int32Array<SharedArrayBuffer>;
  #read = 0;
  /** pid -> digits of the programs that it was */
  readonly #distrusted = new Map<number, Set<number>>();

  constructor(buffer: SharedArrayBuffer) {
    this.#cells = new Int32Array(buffer);
  }

  /** Whether its process is distrusted. */
  of({ pid, task }: Pick<SecurityEvent, "pid" | "task">): boolean {
    return this.has(pid, task.taskId);
  }

  has(pid: number, taskId: string): boolean {
    const cells = this.#cells;
    if (Atomics.load(cells, ALL) === 1) return true;
    const count = Atomics.load(cells, COUNT);
    for (; this.#read < count; this.#read++) this.#take(FIELDS + ENTRY * this.#read);
    return this.#distrusted.size > 0 && this.#distrusted.get(pid)?.has(digits(taskId)) === true;
  }

  #take(at: number): void {
    const pid = Atomics.load(this.#cells, at);
    const programs = this.#distrusted.get(pid) ?? new Set();
    programs.add(Atomics.load(this.#cells, at + 1));
    this.#distrusted.set(pid, programs);
  }
}

/** 32 bits of a digest. */
function digits(taskId: string): number {
  return Number.parseInt(taskId.slice(0, 8), 16) | 0;
}
