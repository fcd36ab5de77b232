// SPDX-License-Identifier: Apache-2.0
// A namespace of the BPF sensor that is served turn by turn, beside others of the same thread.
import type { SensorStats } from "../sensor.ts";
import type { Served, Turn, Watching } from "../served.ts";
import type { Anchor } from "./anchor.ts";
import { BUSY_WAIT_MS, MAX_RECORDS_A_TURN, RECORDS_BESIDE_OTHERS } from "./limits.ts";
import type { BpfRing } from "./ring.ts";
import type { BpfLoop } from "./serve.ts";

export interface BpfServerParts {
  readonly loop: BpfLoop;
  readonly anchor: Anchor;
  readonly ring: BpfRing;
  readonly ringFd: number;
  /** Readable, or closed at its other end, once no process of the workload is left. */
  readonly goneFd: number;
}

/** Watches only; what it serves is its maker's to close. */
export class BpfServer implements Served {
  readonly #parts: BpfServerParts;
  readonly #watched = new Set<number>();
  #watching: Watching | undefined;
  #gone = false;
  #ended: SensorStats | undefined;

  constructor(parts: BpfServerParts) {
    this.#parts = parts;
  }

  begin(watching: Watching): void {
    const { anchor, ringFd, goneFd } = this.#parts;
    this.#watching = watching;
    for (const fd of [anchor.fuseFd, ringFd, goneFd]) this.#watch(fd);
  }

  turn(fd: number, othersWait: boolean): Turn {
    const { loop, anchor, ring, ringFd, goneFd } = this.#parts;
    if (fd === goneFd) {
      this.#gone = true;
      this.#unwatch(goneFd);
    }
    const more = loop.turn(anchor, othersWait ? RECORDS_BESIDE_OTHERS : MAX_RECORDS_A_TURN);
    // a record that is still being written would have the ring ready without a pause
    if (ring.busy) this.#unwatch(ringFd);
    else this.#watch(ringFd);
    if (more) return "more";
    if (!this.#gone) return "idle";
    this.#ended = loop.finish();
    return "ended";
  }

  get dueInMs(): number {
    const { loop, ringFd } = this.#parts;
    return this.#watched.has(ringFd) ? loop.dueInMs : BUSY_WAIT_MS;
  }

  get stats(): SensorStats {
    return this.#ended ?? this.#parts.loop.stats;
  }

  close(): void {
    for (const fd of [...this.#watched]) this.#unwatch(fd);
  }

  #watch(fd: number): void {
    if (this.#watched.has(fd)) return;
    this.#watched.add(fd);
    this.#watching?.watch(fd, "input");
  }

  #unwatch(fd: number): void {
    if (this.#watched.delete(fd)) this.#watching?.unwatch(fd);
  }
}
