// SPDX-License-Identifier: Apache-2.0
// How often one address may ask: a bucket for each that fills with time. Addresses that have a full bucket again are forgotten first.
import { BURST, MAX_ADDRESSES, REQUESTS_A_SECOND } from "../limits.ts";
import { ServiceError } from "./errors.ts";

interface Bucket {
  left: number;
  at: number;
}

export class Rates {
  readonly #buckets = new Map<string, Bucket>();
  readonly #now: () => number;

  /** @param now milliseconds */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** @throws ServiceError TOO_MANY */
  take(address: string): void {
    const now = this.#now();
    const bucket = this.#buckets.get(address) ?? this.#fresh(address, now);
    bucket.left = Math.min(BURST, bucket.left + ((now - bucket.at) / 1_000) * REQUESTS_A_SECOND);
    bucket.at = now;
    if (bucket.left < 1) {
      const problem = `more than ${REQUESTS_A_SECOND} requests a second; come again later`;
      throw new ServiceError("TOO_MANY", problem);
    }
    bucket.left -= 1;
  }

  #fresh(address: string, now: number): Bucket {
    if (this.#buckets.size >= MAX_ADDRESSES) this.#forget(now);
    if (this.#buckets.size >= MAX_ADDRESSES) {
      throw new ServiceError("TOO_MANY", "too many addresses ask at a time; come again later");
    }
    const bucket = { left: BURST, at: now };
    this.#buckets.set(address, bucket);
    return bucket;
  }

  #forget(now: number): void {
    const full = (BURST / REQUESTS_A_SECOND) * 1_000;
    for (const [address, { at }] of this.#buckets) {
      if (now - at >= full) this.#buckets.delete(address);
    }
  }
}
