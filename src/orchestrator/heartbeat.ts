// SPDX-License-Identifier: Apache-2.0
// What the worker thread tells the main thread without messages: shared counters that the main thread can read
// while the worker is blocked. One writer, many readers; each field is a 64-bit integer. Behind them: events by hook, and the
// histogram of decision times.
import { HOOK_NAMES } from "../event/index.ts";
import type { HookName } from "../event/index.ts";
import { LATENCY_BYTES, LatencyHistogram } from "./namespace/latency.ts";
import type { LatencySummary } from "./namespace/latency.ts";

const BUSY_SINCE = 0;
const PROGRESS = 1;
const EVENTS = 2;
const VIOLATIONS = 3;
const LOST = 4;
const REFUSED = 5;
const EXTENDED = 6;
const SEALED = 7;
const FIELDS = 8;
const HOOKS_AT = FIELDS * BigInt64Array.BYTES_PER_ELEMENT;
const LATENCY_AT = HOOKS_AT + HOOK_NAMES.length * Float64Array.BYTES_PER_ELEMENT;

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
  /** Events that extended the model. */
  readonly extended: bigint;
  /** What is new is outside of the model. */
  readonly sealed: boolean;
}

/** Times from a held event to its answer. */
export interface LiveLatency extends LatencySummary {
  /** Of all of them (us). */
  readonly sumUs: number;
}

export function newHeartbeatBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer(LATENCY_AT + LATENCY_BYTES);
}

/** The worker's side. */
export class Heartbeat {
  readonly latency: LatencyHistogram;
  readonly #fields: BigInt64Array;
  /** Plain 64-bit stores; they are not torn on the processors that Galgo runs on. */
  readonly #hooks: Float64Array;

  constructor(buffer: SharedArrayBuffer) {
    this.#fields = fieldsOf(buffer);
    this.#hooks = hooksOf(buffer);
    this.latency = new LatencyHistogram(buffer, LATENCY_AT);
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

  /** @param hook undefined: it is not known of which */
  event(hook?: HookName): void {
    Atomics.add(this.#fields, EVENTS, 1n);
    const at = hook === undefined ? undefined : HOOK_INDEX.get(hook);
    if (at !== undefined) this.#hooks[at] = (this.#hooks[at] ?? 0) + 1;
  }

  /** Counters of a namespace that another process had before. */
  resume(counts: {
    readonly events: number;
    readonly violations: number;
    readonly refused: number;
    readonly lost: number;
    readonly extended: number;
  }): void {
    Atomics.add(this.#fields, EXTENDED, BigInt(counts.extended));
    Atomics.add(this.#fields, EVENTS, BigInt(counts.events));
    Atomics.add(this.#fields, VIOLATIONS, BigInt(counts.violations));
    Atomics.add(this.#fields, REFUSED, BigInt(counts.refused));
    Atomics.add(this.#fields, LOST, BigInt(counts.lost));
  }

  extended(): void {
    Atomics.add(this.#fields, EXTENDED, 1n);
  }

  /** The model is closed from now on. When it was said first counts. */
  sealed(): void {
    Atomics.compareExchange(this.#fields, SEALED, 0n, BigInt(Date.now()));
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
  const fields = fieldsOf(buffer);
  return {
    busySince: Atomics.load(fields, BUSY_SINCE),
    progress: Atomics.load(fields, PROGRESS),
    events: Atomics.load(fields, EVENTS),
    violations: Atomics.load(fields, VIOLATIONS),
    lost: Atomics.load(fields, LOST),
    refused: Atomics.load(fields, REFUSED),
    extended: Atomics.load(fields, EXTENDED),
    sealed: Atomics.load(fields, SEALED) !== 0n,
  };
}

/** When the model was closed; undefined: it is open. */
export function readSealedAt(buffer: SharedArrayBuffer): Date | undefined {
  const ms = Atomics.load(fieldsOf(buffer), SEALED);
  return ms === 0n ? undefined : new Date(Number(ms));
}

export function readLatency(buffer: SharedArrayBuffer): LiveLatency {
  const histogram = new LatencyHistogram(buffer, LATENCY_AT);
  return { ...histogram.summary(), sumUs: histogram.sumUs };
}

/** Events by hook, as far as the thread that decides was told of them; hooks without any are left out. */
export function readHooks(buffer: SharedArrayBuffer): ReadonlyMap<HookName, number> {
  const counts = hooksOf(buffer);
  const seen = HOOK_NAMES.map((hook, at): [HookName, number] => [hook, counts[at] ?? 0]);
  return new Map(seen.filter(([, count]) => count > 0));
}

const HOOK_INDEX: ReadonlyMap<HookName, number> = new Map(HOOK_NAMES.map((hook, at) => [hook, at]));

function fieldsOf(buffer: SharedArrayBuffer): BigInt64Array {
  return new BigInt64Array(buffer, 0, FIELDS);
}

function hooksOf(buffer: SharedArrayBuffer): Float64Array {
  return new Float64Array(buffer, HOOKS_AT, HOOK_NAMES.length);
}
