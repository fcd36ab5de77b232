// SPDX-License-Identifier: Apache-2.0
// Times of a run: nanoseconds of a monotonic clock, told as milliseconds since the first of them.

const NS_PER_US = 1_000n;
/** Where no clock tells. */
export const UNKNOWN_MS = -1;

export class Clock {
  #start: bigint | undefined;
  #last = 0n;

  /** Takes a time into account; 0 is none. */
  saw(ts: bigint): void {
    if (ts === 0n) return;
    if (this.#start === undefined || ts < this.#start) this.#start = ts;
    if (ts > this.#last) this.#last = ts;
  }

  /** To a microsecond. */
  ms(ts: bigint): number {
    if (ts === 0n || this.#start === undefined) return UNKNOWN_MS;
    return Number((ts - this.#start) / NS_PER_US) / 1_000;
  }

  /** From the first time to the last one. */
  get spanMs(): number {
    return this.#start === undefined ? 0 : this.ms(this.#last);
  }
}
