// SPDX-License-Identifier: Apache-2.0
// How well scores tell attacks from normal traces: area under the ROC curve (Mann and Whitney 1947), detection at given false positives, and
// whether the false positives are as many as the calibration says.
import { ln } from "./ln.ts";

/** A trace that was scored. */
export interface Scored {
  readonly score: number;
  /** -ln of the probability of such a score in a normal trace. */
  readonly rarity: number;
}

/** Shares of normal traces that may be taken for attacks. */
export const FALSE_POSITIVES = [0.01, 0.05, 0.15] as const;

export interface Detection {
  /** 0..1; 0.5 is guessing. */
  readonly auc: number;
  readonly normals: number;
  readonly attacks: number;
  /** Share of the attacks that are found at each of FALSE_POSITIVES. */
  readonly detected: readonly number[];
  /** Share of normal traces above the score that finds 90 % of the attacks. */
  readonly falsePositivesAt90: number;
}

/** Numbers are NaN where there are no normal traces or no attacks. */
export function detectionOf(normal: readonly Scored[], attacks: readonly Scored[]): Detection {
  const normals = scoresOf(normal);
  const found = scoresOf(attacks);
  return {
    auc: areaUnderCurve(normals, found),
    normals: normals.length,
    attacks: found.length,
    detected: FALSE_POSITIVES.map((share) => above(found, thresholdFor(normals, share))),
    falsePositivesAt90: atLeast(normals, found[Math.floor(found.length * 0.1)] ?? Number.NaN),
  };
}

function scoresOf(traces: readonly Scored[]): Float64Array {
  return Float64Array.from(traces, ({ score }) => score).sort();
}

/** Both ascending. Probability that an attack has the higher score, equal ones half. */
function areaUnderCurve(normals: Float64Array, attacks: Float64Array): number {
  let pairs = 0;
  for (const score of attacks)
    pairs += (lowerBound(normals, score) + upperBound(normals, score)) / 2;
  return pairs / (normals.length * attacks.length);
}

/** The least score that no more than this share of ascending ones exceeds. */
function thresholdFor(ascending: Float64Array, share: number): number {
  return ascending[ascending.length - 1 - Math.floor(ascending.length * share)] ?? Number.NaN;
}

function above(ascending: Float64Array, threshold: number): number {
  return (ascending.length - upperBound(ascending, threshold)) / ascending.length;
}

function atLeast(ascending: Float64Array, threshold: number): number {
  return (ascending.length - lowerBound(ascending, threshold)) / ascending.length;
}

function lowerBound(ascending: Float64Array, value: number): number {
  return placeOf(ascending, (other) => other < value);
}

function upperBound(ascending: Float64Array, value: number): number {
  return placeOf(ascending, (other) => other <= value);
}

/** How many at the beginning are `before`. */
function placeOf(ascending: Float64Array, before: (value: number) => boolean): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (before(ascending[middle] ?? Number.NaN)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether as many normal traces are rare as should be. */
export interface Calibrated {
  readonly levels: readonly CalibratedLevel[];
  /** Mean difference between expected and actual share. */
  readonly error: number;
}

export interface CalibratedLevel {
  /** Share of normal traces that should be this rare, by what was learned. */
  readonly expected: number;
  /** Share that is. */
  readonly actual: number;
}

const LEVELS = [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5] as const;

export function calibratedOn(normal: readonly Scored[]): Calibrated {
  const levels = LEVELS.map((expected) => {
    const rare = normal.filter(({ rarity }) => rarity >= -ln(expected)).length;
    return { expected, actual: rare / normal.length };
  });
  const differences = levels.map(({ expected, actual }) => Math.abs(actual - expected));
  return { levels, error: differences.reduce((sum, one) => sum + one, 0) / levels.length };
}
