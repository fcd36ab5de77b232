// SPDX-License-Identifier: Apache-2.0
// Many served workloads in one thread: waits in the kernel for all of them, and gives each one that has something to do one turn.
import { Epoll } from "../../native/epoll.ffi.ts";
import { asAgent } from "../../sensor/seccomp/index.ts";
import type { Served, Watching } from "../../sensor/served.ts";
import { LONG_WORK_LOOK_MS, MAX_NESTED_TURNS, MAX_NESTED_WORK_MS } from "./limits.ts";

/** Whose turns they are. */
export interface Seat {
  readonly served: Served;
  /** Whose it is: seats of one workload share what is in hand, so none gets a turn in the middle of another one's. */
  readonly workload: object;
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
  /** Turns under way, the innermost last. */
  readonly #inHand: { readonly seat: Seat; readonly since: number }[] = [];
  readonly #bellFd: number;
  readonly #onBell: () => void;
  #rung = false;
  /** How often it was looked who is ready. */
  #looks = 0;
  #lookAt = 0;
  /** What ends the thread; kept, because a sensor may take it for the matter of one call. */
  #broken: unknown;

  /**
   * @param bellFd readable when there are orders for this thread
   * @param onBell called when that is found out during long work, for orders that need not wait for its end
   */
  constructor(bellFd: number, onBell: () => void) {
    this.#bellFd = bellFd;
    this.#onBell = onBell;
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
    try {
      seat.served.begin(watching);
    } catch (error) {
      for (const [fd, whose] of this.#byFd) if (whose === seat) watching.unwatch(fd);
      throw error;
    }
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

  /** Whether the workload is in the middle of a turn. */
  hasInHand(workload: object): boolean {
    return this.#inHand.some(({ seat }) => seat.workload === workload);
  }

  /**
   * The seat in hand has done a piece of long work (hashing a large file): others that wait get a turn before the next piece. Theirs may
   * be long, too, up to MAX_NESTED_TURNS one below the other; to all in hand that counts as progress.
   * @throws what `Served.goesOn` throws
   */
  longWork(): void {
    for (const { seat } of this.#inHand) seat.advanced();
    if (performance.now() < this.#lookAt) return;
    // the thread may have the credentials of a task now
    if (this.#inHand.length <= MAX_NESTED_TURNS) asAgent(() => this.#others());
    this.#lookAt = performance.now() + LONG_WORK_LOOK_MS;
    const innermost = this.#inHand.at(-1);
    if (innermost === undefined) return;
    const isBelow = this.#inHand.length > 1;
    const overdue = isBelow && performance.now() - innermost.since > MAX_NESTED_WORK_MS;
    innermost.seat.served.goesOn?.(overdue);
  }

  #others(): void {
    const rung = this.#rung;
    this.#serve(this.#epoll.wait(0));
    if (this.#rung) this.#onBell();
    this.#rung = rung;
  }

  close(): void {
    this.#epoll.close();
  }

  #serve(ready: readonly number[]): void {
    const look = ++this.#looks;
    for (const [at, fd] of ready.entries()) {
      // in the middle of that turn others had theirs: who is ready now the next look tells
      if (this.#looks !== look) return;
      if (fd === this.#bellFd) this.#rung = true;
      const seat = this.#byFd.get(fd);
      if (seat !== undefined && !this.hasInHand(seat.workload))
        this.#turn(seat, fd, at + 1 < ready.length);
    }
  }

  #turn(seat: Seat, fd: number, othersWait: boolean): void {
    if (!this.#seats.has(seat)) return;
    this.#inHand.push({ seat, since: performance.now() });
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
