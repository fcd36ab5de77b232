// SPDX-License-Identifier: Apache-2.0
// What workloads have done, added up: those that run, as their shared counters say, and those that have ended.
import { readHooks, readLatency, readPulse } from "../../orchestrator/live/index.ts";

/** Bounds of the histogram of decision times: powers of two between 8 us and 17 s (ns), which are bounds of the counters in shared memory too. */
export const LATENCY_BOUNDS_NS: readonly number[] = Array.from(
  { length: 22 },
  (_, at) => 2 ** (13 + at),
);
/** What rounding to a tenth of a microsecond may add. */
const ROUNDING = 1.001;
/** Names of workloads that violations are counted under; further ones count as OTHER. */
const MAX_NAMES = 500;
export const OTHER = "(other)";

/** One workload at one time. */
export interface Reading {
  readonly name: string;
  readonly mode: string;
  readonly sensor: string;
  readonly events: number;
  readonly extended: number;
  readonly violations: number;
  readonly refused: number;
  readonly lost: number;
  /** Known when a workload has ended. */
  readonly anomalies?: number;
  readonly drifting?: boolean;
  readonly hooks: ReadonlyMap<string, number>;
  /** Upper bound (us), count. */
  readonly histogram: readonly (readonly [number, number])[];
  readonly latencySumUs: number;
}

/** A workload of which these counters are. */
export interface ReadingOf {
  readonly name: string;
  readonly mode: string;
  readonly sensor: string;
}

export function readingOf(of: ReadingOf, heartbeat: SharedArrayBuffer): Reading {
  const pulse = readPulse(heartbeat);
  const { histogram = [], sumUs } = readLatency(heartbeat);
  return {
    ...of,
    events: Number(pulse.events),
    extended: Number(pulse.extended),
    violations: Number(pulse.violations),
    refused: Number(pulse.refused),
    lost: Number(pulse.lost),
    hooks: readHooks(heartbeat),
    histogram,
    latencySumUs: sumUs,
  };
}

/** Decision times of one sensor. */
export interface LatencySums {
  /** By bound: how many took at most so long. */
  readonly counts: number[];
  count: number;
  sumNs: number;
}

/** A number for each value of a label. */
type Counts = Map<string, number>;

/** What is counted by sensor, or by hook. */
const KINDS = ["events", "extended", "refused", "lost", "anomalies", "drifting", "hooks"] as const;

export class Sums {
  readonly events: Counts = new Map();
  readonly extended: Counts = new Map();
  readonly refused: Counts = new Map();
  readonly lost: Counts = new Map();
  readonly anomalies: Counts = new Map();
  /** How many workloads. */
  readonly drifting: Counts = new Map();
  readonly hooks: Counts = new Map();
  /** By name of the workload. */
  readonly violations: Counts = new Map();
  readonly latency: Map<string, LatencySums> = new Map();

  add(reading: Reading): void {
    const { sensor } = reading;
    plus(this.events, sensor, reading.events);
    plus(this.extended, sensor, reading.extended);
    plus(this.refused, sensor, reading.refused);
    plus(this.lost, sensor, reading.lost);
    plus(this.anomalies, sensor, reading.anomalies ?? 0);
    plus(this.drifting, sensor, reading.drifting === true ? 1 : 0);
    for (const [hook, count] of reading.hooks) plus(this.hooks, hook, count);
    if (reading.violations > 0) this.#violated(reading.name, reading.violations);
    this.#addLatency(reading);
  }

  /** A workload that may violate its model is told of before it does: Prometheus sees no increase in a number that was not there before. */
  watch(name: string): void {
    if (this.violations.size < MAX_NAMES) plus(this.violations, name, 0);
  }

  /** Adds all of `other`. */
  merge(other: Sums): void {
    for (const kind of KINDS)
      for (const [label, count] of other[kind]) plus(this[kind], label, count);
    for (const [name, count] of other.violations) this.#violated(name, count);
    for (const [sensor, from] of other.latency) {
      const to = this.#latencyOf(sensor);
      from.counts.forEach((count, at) => {
        to.counts[at] = (to.counts[at] ?? 0) + count;
      });
      to.count += from.count;
      to.sumNs += from.sumNs;
    }
  }

  #violated(name: string, count: number): void {
    const room = this.violations.has(name) || this.violations.size < MAX_NAMES;
    plus(this.violations, room ? name : OTHER, count);
  }

  #addLatency({ sensor, histogram, latencySumUs }: Reading): void {
    const sums = this.#latencyOf(sensor);
    for (const [upperUs, count] of histogram) {
      sums.count += count;
      LATENCY_BOUNDS_NS.forEach((bound, at) => {
        if (upperUs * 1_000 <= bound * ROUNDING) sums.counts[at] = (sums.counts[at] ?? 0) + count;
      });
    }
    sums.sumNs += latencySumUs * 1_000;
  }

  #latencyOf(sensor: string): LatencySums {
    const found = this.latency.get(sensor) ?? {
      counts: LATENCY_BOUNDS_NS.map(() => 0),
      count: 0,
      sumNs: 0,
    };
    this.latency.set(sensor, found);
    return found;
  }
}

function plus(counts: Counts, label: string, amount: number): void {
  counts.set(label, (counts.get(label) ?? 0) + amount);
}
