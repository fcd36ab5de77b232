// SPDX-License-Identifier: Apache-2.0
// When in a run its behaviours were found: whether more of the same would still bring new ones.

/** How many of `at` (numbers from 1 to `total`) fall into each tenth of 1..total. */
export function tenths(at: readonly number[], total: number): number[] {
  const parts = new Array<number>(10).fill(0);
  for (const number of at) {
    const part = Math.min(9, Math.floor(((number - 1) * 10) / total));
    parts[part] = (parts[part] ?? 0) + 1;
  }
  return parts;
}
