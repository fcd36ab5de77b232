// SPDX-License-Identifier: Apache-2.0
// What the worker thread tells the main thread without messages: shared counters that the main thread can read
// while the worker is blocked. One writer, many readers; each field is a 64-bit integer.

const BUSY_SINCE = 0;
const PROGRESS = 1;
const EVENTS = 2;
const VIOLATIONS = 3;
const LOST = 4;
const REFUSED = 5;
const FIELDS = 6;

/** A reading of the counters. */
export interface Pulse {
  /** Monotonic ns at which the event in hand was taken; 0n while the worker waits for one. */
  readonly busySince: bigint;
  /** Grows while long work on the event in hand advances (bytes hashed). */
  readonly progress: bigint;
  readonly events: bigint;
  readonly violations: bigint;
  readonly lost: bigint;
  readonly refused: bigint;
}

export function newHeartbeatBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer(FIELDS * BigInt64Array.BYTES_PER_ELEMENT);
}

/** The worker's side. */
export class Heartbeat {
  readonly #fields: BigInt64Array;

  constructor(buffer: SharedArrayBuffer) {
    this.#fields = new BigInt64Array(buffer);
  }

  /** An event was taken; the watchdog's clock runs until `idle`. */
  busy(nowNs: bigint): void {
    Atomics.store(this.#fields, BUSY_SINCE, nowNs);
  }

  idle(): void {
    Atomics.store(this.#fields, BUSY_SINCE, 0n);
  }

  advanced(amount: number): void {
    Atomics.add(this.#fields, PROGRESS, BigInt(amount));
  }

  event(): void {
    Atomics.add(this.#fields, EVENTS, 1n);
  }

  violation(): void {
    Atomics.add(this.#fields, VIOLATIONS, 1n);
  }

  lost(): void {
    Atomics.add(this.#fields, LOST, 1n);
  }

  refused(): void {
    Atomics.add(this.#fields, REFUSED, 1n);
  }
}

export function readPulse(buffer: SharedArrayBuffer): Pulse {
  const fields = new BigInt64Array(buffer);
  return {
    busySince: Atomics.load(fields, BUSY_SINCE),
    progress: Atomics.load(fields, PROGRESS),
    events: Atomics.load(fields, EVENTS),
    violations: Atomics.load(fields, VIOLATIONS),
    lost: Atomics.load(fields, LOST),
    refused: Atomics.load(fields, REFUSED),
  };
}
