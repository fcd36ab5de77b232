// SPDX-License-Identifier: Apache-2.0
// A workload that is served turn by turn, so that one thread can serve many: what the thread asks of a sensor.
import type { SensorStats } from "./sensor.ts";

/** Where a served workload says which descriptors it waits for. */
export interface Watching {
  /** A turn is wanted whenever `fd` can be read ("input"; also when its other end is gone), or written to ("output"). */
  watch(fd: number, what: "input" | "output"): void;
  /** To be called before `fd` is closed: others may hold the same open file, and the kernel goes by that. */
  unwatch(fd: number): void;
}

/** idle: the next turn when a descriptor is ready. more: there may be more already. ended: no process of the workload is left. */
export type Turn = "idle" | "more" | "ended";

export interface Served {
  /** Called once, before the first turn. */
  begin(watching: Watching): void;
  /**
   * A bounded piece of work (one held call, a few records): whoever else is served by this thread waits for it. It never waits for
   * the workload.
   * @param fd the watched descriptor that is ready, or -1: its time has come (`dueInMs`), or it said that there was more
   * @param othersWait somebody else of this thread has something waiting
   * @throws whatever ends the service: nothing is decided any more, and the caller kills the workload
   */
  turn(fd: number, othersWait: boolean): Turn;
  /**
   * Asked between two pieces of long work of a turn.
   * @param overdue others wait for the end of this turn, and have waited long enough
   * @throws what ends that work: it is overdue, or nobody waits for it any more
   */
  goesOn?(overdue: boolean): void;
  /** Time until a turn is wanted though no descriptor is ready (ms); undefined: none is. */
  readonly dueInMs: number | undefined;
  /** What was seen so far. */
  readonly stats: SensorStats;
  /** Gives everything back; the last call. What still waits for an answer gets none (the kernel ends held calls with ENOSYS). */
  close(): void | Promise<void>;
}
