// SPDX-License-Identifier: Apache-2.0
// One timer for thousands of hosts: each comes round once in a turn, at a moment of its own that chance moves a little.
import type { Random } from "./random.ts";

const SLOTS_A_SECOND = 20;

export class Wheel<T> {
  readonly #slots: T[][];
  readonly #random: Random;
  readonly #turnSlots: number;
  readonly #jitter: number;
  readonly #visit: (one: T) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #began = performance.now();
  #next = 0;

  /**
   * @param turnMs how often each comes round
   * @param jitter how far it is moved at most, as a share of the turn
   */
  constructor(turnMs: number, jitter: number, random: Random, visit: (one: T) => void) {
    this.#turnSlots = Math.max(1, Math.round((turnMs / 1_000) * SLOTS_A_SECOND));
    // twice as many as a turn has: who comes round later than a turn from now has a place, too
    this.#slots = Array.from({ length: 2 * this.#turnSlots }, () => []);
    this.#random = random;
    this.#jitter = Math.round(jitter * this.#turnSlots);
    this.#visit = visit;
    this.#timer = setInterval(() => this.#turn(), 1_000 / SLOTS_A_SECOND);
  }

  add(one: T): void {
    const to = this.#next + 1 + this.#random.below(this.#turnSlots);
    this.#slots[to % this.#slots.length]?.push(one);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** All slots that are due: a timer that was late catches up. */
  #turn(): void {
    const due = Math.floor(((performance.now() - this.#began) / 1_000) * SLOTS_A_SECOND);
    for (; this.#next <= due; this.#next++) this.#slot(this.#next % this.#slots.length);
  }

  #slot(index: number): void {
    const here = this.#slots[index] ?? [];
    this.#slots[index] = [];
    for (const one of here) {
      this.#visit(one);
      const move = this.#jitter === 0 ? 0 : this.#random.below(2 * this.#jitter + 1) - this.#jitter;
      const to = (index + this.#turnSlots + move) % this.#slots.length;
      this.#slots[to]?.push(one);
    }
  }
}
