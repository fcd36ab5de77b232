// SPDX-License-Identifier: Apache-2.0
// Decision times of the last moments, from histograms that only grow: what has been added between two looks.

/** How many decisions took up to so many microseconds and longer than the entry before; ascending. */
export type Histogram = readonly (readonly [upToUs: number, count: number])[];

/** A histogram as it was at a time (ms). */
export interface Snapshot {
  readonly at: number;
  readonly histogram: Histogram;
}

/** "Lately": the time over which decisions are told of (ms). */
export const LATELY_MS = 60_000;
/** Snapshots are kept so far apart (ms). */
const APART_MS = 5_000;

/** What `now` has and `before` had not. */
export function added(now: Histogram, before: Histogram): Histogram {
  const had = new Map(before);
  return now.flatMap(([upToUs, count]): [number, number][] => {
    const more = count - (had.get(upToUs) ?? 0);
    return more > 0 ? [[upToUs, more]] : [];
  });
}

/** The time that `share` of the decisions did not exceed (us); undefined when there are none. */
export function percentileOf(histogram: Histogram, share: number): number | undefined {
  const total = histogram.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [upToUs, count] of histogram) {
    seen += count;
    if (seen >= Math.ceil(total * share)) return upToUs;
  }
  return undefined;
}

/** The snapshots with a new one: one that is older than LATELY_MS stays as what "lately" is counted from. */
export function remembered(before: readonly Snapshot[], now: Snapshot): readonly Snapshot[] {
  const last = before.at(-1);
  const kept = last !== undefined && now.at - last.at < APART_MS ? before : [...before, now];
  const first = kept.findLastIndex(({ at }) => now.at - at >= LATELY_MS);
  return first > 0 ? kept.slice(first) : kept;
}
