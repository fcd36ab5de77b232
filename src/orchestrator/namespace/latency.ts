// SPDX-License-Identifier: Apache-2.0
// A histogram of decision times with a fixed size: 16 steps per power of two, so a percentile is within 6 % of the truth.

const STEPS = 16;
const OCTAVES = 36;
/** Slots that are told as one. */
const COARSE = 4;

/** Percentiles of one run, in microseconds. */
export interface LatencySummary {
  readonly count: number;
  readonly medianUs: number;
  readonly p99Us: number;
  readonly maxUs: number;
  /** How many decisions took up to so many microseconds and longer than the entry before; four steps per power of two, empty ones left out. */
  readonly histogram?: readonly (readonly [number, number])[];
}

const COUNT = 0;
const LONGEST = 1;
const SUM = 2;
const TOTALS_BYTES = 3 * Float64Array.BYTES_PER_ELEMENT;

/** Bytes of a histogram. */
export const LATENCY_BYTES: number =
  TOTALS_BYTES + STEPS * OCTAVES * Float64Array.BYTES_PER_ELEMENT;

/** One writer; in shared memory it may be read at any time by others, who see a decision or do not see it yet. */
export class LatencyHistogram {
  readonly #totals: Float64Array;
  /** A daemon's workload may run for years: 32 bits would overflow. */
  readonly #counts: Float64Array;

  /** @param memory LATENCY_BYTES from `at` on, a multiple of 8 */
  constructor(memory: ArrayBufferLike = new ArrayBuffer(LATENCY_BYTES), at = 0) {
    this.#totals = new Float64Array(memory, at, 3);
    this.#counts = new Float64Array(memory, at + TOTALS_BYTES, STEPS * OCTAVES);
  }

  add(ns: number): void {
    const octave = ns < 1 ? 0 : Math.min(OCTAVES - 1, Math.floor(Math.log2(ns)));
    const step = Math.min(STEPS - 1, Math.max(0, Math.floor((ns / 2 ** octave - 1) * STEPS)));
    const slot = octave * STEPS + step;
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
    const totals = this.#totals;
    totals[COUNT] = (totals[COUNT] ?? 0) + 1;
    totals[SUM] = (totals[SUM] ?? 0) + ns;
    if (ns > (totals[LONGEST] ?? 0)) totals[LONGEST] = ns;
  }

  /** Of all decisions (us). */
  get sumUs(): number {
    return round((this.#totals[SUM] ?? 0) / 1_000);
  }

  summary(): LatencySummary {
    return {
      count: this.#totals[COUNT] ?? 0,
      medianUs: this.#percentileUs(0.5),
      p99Us: this.#percentileUs(0.99),
      maxUs: round(this.#longestNs / 1_000),
      histogram: this.#coarse(),
    };
  }

  #coarse(): readonly (readonly [number, number])[] {
    const found: [number, number][] = [];
    for (let slot = 0; slot < this.#counts.length; slot += COARSE) {
      const count = this.#counts.subarray(slot, slot + COARSE).reduce((sum, n) => sum + n, 0);
      if (count > 0) found.push([round(upperNs(slot + COARSE - 1) / 1_000), count]);
    }
    return found;
  }

  #percentileUs(share: number): number {
    const count = this.#totals[COUNT] ?? 0;
    if (count === 0) return 0;
    const rank = Math.ceil(count * share);
    let seen = 0;
    for (const [slot, here] of this.#counts.entries()) {
      seen += here;
      if (seen >= rank) return round(Math.min(this.#longestNs, upperNs(slot)) / 1_000);
    }
    return round(this.#longestNs / 1_000);
  }

  get #longestNs(): number {
    return this.#totals[LONGEST] ?? 0;
  }
}

function upperNs(slot: number): number {
  const octave = Math.floor(slot / STEPS);
  return 2 ** octave * (1 + ((slot % STEPS) + 1) / STEPS);
}

function round(us: number): number {
  return Math.round(us * 10) / 10;
}
