// SPDX-License-Identifier: Apache-2.0
// Many served workloads in one thread: waits in the kernel for all of them, and gives each one that has something to do one turn.
import { Epoll } from "../../native/epoll.ffi.ts";
import { asAgent } from "../../sensor/seccomp/index.ts";
import type { Served, Watching } from "../../sensor/served.ts";
import { LONG_WORK_LOOK_MS, MAX_NESTED_TURNS } from "./limits.ts";

/** Whose turns they are. */
export interface Seat {
  readonly served: Served;
  /** No process of the workload is left. */
  ended(): void;
  /** It can not be served any more. @throws what is the matter of the whole thread */
  failed(error: unknown): void;
  /** Work on its event in hand advances. */
  advanced(): void;
}

export class TurnLoop {
  readonly #epoll = new Epoll();
  readonly #seats = new Set<Seat>();
  readonly #byFd = new Map<number, Seat>();
  /** Those that said that there may be more. */
  readonly #eager = new Set<Seat>();
  /** Those that want a turn at a time. */
  readonly #timed = new Set<Seat>();
  /** Seats with a turn under way, the innermost last. */
  readonly #inHand: Seat[] = [];
  readonly #bellFd: number;
  #rung = false;
  #lookAt = 0;
  /** What ends the thread; kept, because a sensor may take it for the matter of one call. */
  #broken: unknown;

  /** @param bellFd readable when there are orders for this thread */
  constructor(bellFd: number) {
    this.#bellFd = bellFd;
    this.#epoll.add(bellFd, "input");
  }

  get seats(): ReadonlySet<Seat> {
    return this.#seats;
  }

  /** Begins to serve. @throws what `Served.begin` throws; the seat is not taken then */
  add(seat: Seat): void {
    const watching: Watching = {
      watch: (fd, what) => {
        this.#epoll.add(fd, what);
        this.#byFd.set(fd, seat);
      },
      unwatch: (fd) => {
        this.#epoll.remove(fd);
        this.#byFd.delete(fd);
      },
    };
    seat.served.begin(watching);
    this.#seats.add(seat);
    this.#time(seat);
  }

  /** No more turns; what is watched for it is its own to unwatch. */
  remove(seat: Seat): void {
    this.#seats.delete(seat);
    this.#eager.delete(seat);
    this.#timed.delete(seat);
  }

  /**
   * Waits, then gives a turn to each who is ready.
   * @returns whether there are orders
   * @throws what concerns the whole thread
   */
  round(longestMs: number): boolean {
    this.#rung = false;
    this.#serve(this.#epoll.wait(this.#sleepMs(longestMs)));
    for (const seat of [...this.#eager]) this.#turn(seat, -1, true);
    for (const seat of [...this.#timed]) {
      if ((seat.served.dueInMs ?? Infinity) <= 0) this.#turn(seat, -1, this.#eager.size > 0);
    }
    return this.#rung;
  }

  /**
   * The seat in hand has done a piece of long work (hashing a large file): others that wait get a turn before the next piece. Theirs may
   * be long, too, up to MAX_NESTED_TURNS one below the other; to all in hand that counts as progress.
   */
  longWork(): void {
    for (const seat of this.#inHand) seat.advanced();
    if (this.#seats.size < 2 || this.#inHand.length > MAX_NESTED_TURNS) return;
    const now = performance.now();
    if (now < this.#lookAt) return;
    // the thread may have the credentials of a task now
    asAgent(() => this.#serve(this.#epoll.wait(0)));
    this.#lookAt = performance.now() + LONG_WORK_LOOK_MS;
  }

  close(): void {
    this.#epoll.close();
  }

  #serve(ready: readonly number[]): void {
    for (const [at, fd] of ready.entries()) {
      if (fd === this.#bellFd) this.#rung = true;
      const seat = this.#byFd.get(fd);
      if (seat !== undefined && !this.#inHand.includes(seat))
        this.#turn(seat, fd, at + 1 < ready.length);
    }
  }

  #turn(seat: Seat, fd: number, othersWait: boolean): void {
    if (!this.#seats.has(seat)) return;
    this.#inHand.push(seat);
    try {
      const { served } = seat;
      const turn = served.turn(fd, othersWait || this.#inHand.length > 1);
      if (turn === "more") this.#eager.add(seat);
      else this.#eager.delete(seat);
      this.#time(seat);
      if (turn === "ended") this.#leave(seat, () => seat.ended());
    } catch (error) {
      this.#leave(seat, () => seat.failed(error));
    } finally {
      this.#inHand.pop();
    }
    if (this.#broken !== undefined) throw this.#broken;
  }

  #leave(seat: Seat, then: () => void): void {
    this.remove(seat);
    try {
      then();
    } catch (error) {
      this.#broken ??= error;
    }
  }

  #time(seat: Seat): void {
    if (seat.served.dueInMs === undefined) this.#timed.delete(seat);
    else this.#timed.add(seat);
  }

  #sleepMs(longestMs: number): number {
    if (this.#eager.size > 0) return 0;
    let least = longestMs;
    for (const { served } of this.#timed) least = Math.min(least, served.dueInMs ?? longestMs);
    return Math.max(0, Math.ceil(least));
  }
}
