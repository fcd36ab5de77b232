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

export class LatencyHistogram {
  readonly #counts = new Uint32Array(STEPS * OCTAVES);
  #count = 0;
  #maxNs = 0;

  add(ns: number): void {
    const octave = ns < 1 ? 0 : Math.min(OCTAVES - 1, Math.floor(Math.log2(ns)));
    const step = Math.min(STEPS - 1, Math.max(0, Math.floor((ns / 2 ** octave - 1) * STEPS)));
    const slot = octave * STEPS + step;
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
    this.#count += 1;
    if (ns > this.#maxNs) this.#maxNs = ns;
  }

  summary(): LatencySummary {
    return {
      count: this.#count,
      medianUs: this.#percentileUs(0.5),
      p99Us: this.#percentileUs(0.99),
      maxUs: round(this.#maxNs / 1_000),
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
    if (this.#count === 0) return 0;
    const rank = Math.ceil(this.#count * share);
    let seen = 0;
    for (const [slot, count] of this.#counts.entries()) {
      seen += count;
      if (seen >= rank) return round(Math.min(this.#maxNs, upperNs(slot)) / 1_000);
    }
    return round(this.#maxNs / 1_000);
  }
}

function upperNs(slot: number): number {
  const octave = Math.floor(slot / STEPS);
  return 2 ** octave * (1 + ((slot % STEPS) + 1) / STEPS);
}

function round(us: number): number {
  return Math.round(us * 10) / 10;
}
