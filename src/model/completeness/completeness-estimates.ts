// SPDX-License-Identifier: Apache-2.0
// The mathematics of completeness: how many behaviours k of N runs show, and what estimates say of those that nobody has seen.
import { MAX_CURVE } from "./completeness-limits.ts";
import type { UnseenCounts } from "./completeness-types.ts";

/** How many runs (1..runs) the entry `index` of a curve stands for. */
export function runsAt(index: number, runs: number): number {
  return runs <= MAX_CURVE ? index + 1 : Math.ceil(((index + 1) * runs) / MAX_CURVE);
}

/**
 * Expected number of distinct behaviours in k of the runs, k = 1, 2, ..., in thousandths, over all ways to choose k runs: sample-based
 * rarefaction (Gotelli and Colwell, "Quantifying biodiversity", Ecology Letters 4, 2001; formula of Mao Tau by Colwell, Mao and Chang,
 * Ecology 85, 2004): S(k) = S - sum over j of Q_j * C(N - j, k) / C(N, k), where Q_j behaviours were shown by exactly j of N runs.
 * The order of the runs does not matter. Doubles are used in a fixed order of operations, so that every platform has the same result.
 * @param shownBy `shownBy[j]`: behaviours that exactly j runs showed; [0] is ignored
 */
export function rarefaction(shownBy: readonly number[], runs: number): number[] {
  const total = shownBy.reduce((sum, n, j) => (j === 0 ? sum : sum + n), 0);
  const curve: number[] = [];
  for (let at = 0; at < Math.min(runs, MAX_CURVE); at += 1) {
    const k = runsAt(at, runs);
    let missing = 0;
    // C(N - j, k) / C(N, k): the chance that none of k runs is among the j that show a behaviour
    let chance = 1;
    for (let j = 1; j <= runs && chance > 0; j += 1) {
      chance *= Math.max(0, runs - k - j + 1) / (runs - j + 1);
      missing += (shownBy[j] ?? 0) * chance;
    }
    curve.push(Math.round((total - missing) * 1000));
  }
  return curve;
}

/**
 * Chance that the next event is a behaviour that was never seen, in millionths: once / events (Good, "The population frequencies of
 * species and the estimation of population parameters", Biometrika 40, 1953, who gives the idea to Turing). It takes the events of the next
 * run for events like those before. 0 without events.
 */
export function chanceOfNew({ once, events }: UnseenCounts): number {
  return events === 0 ? 0 : Math.round((once / events) * 1_000_000);
}

/**
 * New behaviours that one more run is expected to show, in thousandths: inOneRun / runs (Good-Turing for runs as samples; it is also the last
 * step of the rarefaction curve, and what a run brought, on average, that the others did not). Undefined below two runs: one run says nothing
 * of the next.
 */
export function expectedInNextRun({ inOneRun }: UnseenCounts, runs: number): number | undefined {
  return runs < 2 ? undefined : Math.round((inOneRun / runs) * 1000);
}

/**
 * Behaviours that no run has shown, at least, in thousandths: Chao2, in the form that is corrected for bias
 * (Chao, Biometrics 43, 1987; Chao and Chiu, "Species richness", 2016): (N-1)/N * Q1(Q1-1) / (2(Q2+1)). Undefined below two runs.
 */
export function neverSeen(
  { inOneRun: q1, inTwoRuns: q2 }: UnseenCounts,
  runs: number,
): number | undefined {
  if (runs < 2) return undefined;
  return Math.round((((runs - 1) / runs) * (q1 * (q1 - 1)) * 1000) / (2 * (q2 + 1)));
}
