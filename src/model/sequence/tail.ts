// SPDX-License-Identifier: Apache-2.0
// How unusual a number is among those of cross-validation: by its rank below their 90th percentile, by an exponential tail above it
// (peaks over a threshold; Pickands 1975), because what was never met has no rank. The scale of the tail is an estimate of few numbers, so what
// it predicts is a Lomax tail: wide where there were few, exponential where there were many (Jeffreys' prior; Aitchison and Dunsmore 1975).
import { ln } from "./ln.ts";

/** A distribution: quantiles in equal steps from the least to the 90th percentile, and how fast it falls beyond. */
export interface Distribution {
  readonly quantiles: readonly number[];
  /** Mean of what the numbers above the last quantile have more than it. */
  readonly tail: number;
  /** How many these are, and one that was assumed. */
  readonly above: number;
}

/** Steps between the quantiles. */
export const QUANTILE_STEPS = 45;
/** Share of the numbers above the last quantile. */
const TAIL_SHARE = 0.1;
/** Numbers of a model are rounded to this, so that they are short. */
const GRAIN = 1e6;
/** The least tail (nats) of a mean surprise: numbers that are all alike do not make the next one impossible. */
export const LEAST_TAIL = 0.05;
/** In an exponential tail the 90th percentile is this many scales above the median. */
const SCALES_FROM_MEDIAN: number = ln(5);

/** The distribution of some numbers, in any order. @param leastTail the tail of numbers that are all alike */
export function distributionOf(
  values: readonly number[],
  leastTail: number = LEAST_TAIL,
): Distribution {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const quantiles = Array.from({ length: QUANTILE_STEPS + 1 }, (_, step) =>
    rounded(at(((1 - TAIL_SHARE) * step) / QUANTILE_STEPS)),
  );
  const threshold = quantiles.at(-1) ?? 0;
  const above = sorted.filter((value) => value > threshold);
  const excess = above.reduce((sum, value) => sum + (value - threshold), 0);
  // one more, as far above as what is below lets expect: all there is where numbers are few
  const prior = Math.max(leastTail, (threshold - at(0.5)) / SCALES_FROM_MEDIAN);
  const tail = Math.max(leastTail, (excess + prior) / (above.length + 1));
  return { quantiles, tail: rounded(tail), above: above.length + 1 };
}

/** To what numbers in a model are rounded. */
export function rounded(value: number): number {
  return Math.round(value * GRAIN) / GRAIN;
}

/** -ln of the probability that a number is at least this. */
export function unusual({ quantiles, tail, above }: Distribution, value: number): number {
  const last = quantiles.length - 1;
  const threshold = quantiles[last] ?? 0;
  if (value > threshold)
    return -ln(TAIL_SHARE) + above * ln(1 + (value - threshold) / (above * tail));
  let step = 0;
  while (step <= last && (quantiles[step] ?? 0) < value) step++;
  if (step === 0) return 0;
  const below = quantiles[step - 1] ?? 0;
  const width = (quantiles[step] ?? below) - below;
  const place = step - 1 + (width > 0 ? (value - below) / width : 0);
  return -ln(1 - ((1 - TAIL_SHARE) * place) / last);
}

/**
 * The number that is exceeded with this probability.
 * @param most no number can be greater: then the tail ends there
 */
export function exceededWith(
  { quantiles, tail, above }: Distribution,
  chance: number,
  most: number = Number.POSITIVE_INFINITY,
): number {
  const last = quantiles.length - 1;
  const threshold = quantiles[last] ?? 0;
  if (chance <= TAIL_SHARE) {
    const scale = above * tail;
    const beyond = (1 + Math.max(tail, most - threshold) / scale) ** -above;
    const share = (chance / TAIL_SHARE) * (1 - beyond) + beyond;
    return threshold + scale * (share ** (-1 / above) - 1);
  }
  const place = ((1 - Math.min(1, chance)) / (1 - TAIL_SHARE)) * last;
  const step = Math.min(last - 1, Math.floor(place));
  const [from, to] = [quantiles[step] ?? 0, quantiles[step + 1] ?? 0];
  return from + (to - from) * (place - step);
}
