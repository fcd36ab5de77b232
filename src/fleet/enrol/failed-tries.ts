// SPDX-License-Identifier: Apache-2.0
// How often an address has shown something that was not good: who tries secrets has to wait. Those who succeed are never held up.
import { FleetError } from "../errors.ts";
import { MAX_FAILED_ENROLMENTS } from "../limits.ts";

const WINDOW_MS = 60_000;
/** Addresses that are remembered; when there are more, those of a window that is over go first. */
const MAX_ADDRESSES = 10_000;

export class FailedTries {
  readonly #now: () => number;
  readonly #tries = new Map<string, { count: number; until: number }>();

  /** @param now ms */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @throws FleetError TOO_MANY */
  refuse(address: string): void {
    const found = this.#tries.get(address);
    if (found === undefined || found.until <= this.#now() || found.count < MAX_FAILED_ENROLMENTS)
      return;
    throw new FleetError(
      "TOO_MANY",
      "too many tries that failed from this address; come again in a minute",
    );
  }

  count(address: string): void {
    const now = this.#now();
    const found = this.#tries.get(address);
    if (found !== undefined && found.until > now) {
      found.count += 1;
      return;
    }
    if (this.#tries.size >= MAX_ADDRESSES) this.#forget(now);
    this.#tries.set(address, { count: 1, until: now + WINDOW_MS });
  }

  #forget(now: number): void {
    for (const [address, { until }] of this.#tries) if (until <= now) this.#tries.delete(address);
    // still full: an attack from everywhere; the oldest goes
    const [oldest] = this.#tries.keys();
    if (this.#tries.size >= MAX_ADDRESSES && oldest !== undefined) this.#tries.delete(oldest);
  }
}
