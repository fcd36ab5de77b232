// SPDX-License-Identifier: Apache-2.0
// Traces for tests: random walks that keep to some order, so that n-grams repeat.

/** Numbers 0 <= x < 1 that follow from the seed (mulberry32). */
export function randomly(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

interface Walks {
  readonly seed: number;
  readonly traces: number;
  readonly length: number;
  readonly alphabet: number;
}

/** Mostly the next symbol, sometimes any. */
export function walks({ seed, traces, length, alphabet }: Walks): readonly Int32Array[] {
  const random = randomly(seed);
  return Array.from({ length: traces }, () => {
    let symbol = Math.floor(random() * alphabet);
    return Int32Array.from({ length }, () => {
      const jump = random() < 0.25 ? Math.floor(random() * alphabet) : 1;
      symbol = (symbol + jump) % alphabet;
      return symbol;
    });
  });
}
