// SPDX-License-Identifier: Apache-2.0
// How far a spool is in the store, in numbers: all up to `upto`, and some above. Each number is taken once, in whatever order they come.
import { rangesOf } from "../../wire/link/index.ts";
import type { SeqRange } from "../../wire/link/index.ts";
import { MAX_ABOVE } from "./limits.ts";

export interface Progress {
  readonly upto: number;
  /** In the store although one before is not. */
  readonly above: ReadonlySet<number>;
}

export interface Advance {
  /** Those of the numbers that were not there, ascending. */
  readonly fresh: readonly number[];
  readonly after: Progress;
  /** Rows of numbers above `upto` that are to be written, and to be forgotten. */
  readonly added: readonly number[];
  readonly absorbed: readonly number[];
  /** Not taken for want of room (`MAX_ABOVE`): the host sends them again. */
  readonly far: readonly number[];
}

export const NOTHING_YET: Progress = { upto: 0, above: new Set() };

/** @param seqs numbers of parcels that have come, in any order, also several times */
export function advance({ upto, above }: Progress, seqs: readonly number[]): Advance {
  const fresh = [...new Set(seqs)]
    .filter((seq) => seq > upto && !above.has(seq))
    .sort((a, b) => a - b);
  const all = reached({ upto, above }, upto, fresh);
  const tooMany = all.after.above.size - Math.max(MAX_ABOVE, above.size);
  if (tooMany <= 0) return all;
  // the nearest of them are taken, and whatever closes a gap
  const far = fresh.filter((seq) => seq > all.after.upto).slice(-tooMany);
  const near = fresh.filter((seq) => seq <= all.after.upto || seq < (far[0] ?? 0));
  return { ...reached({ upto, above }, upto, near), far };
}

/** The host says that nothing below `oldest` will come any more: it was committed, or dropped and told to be. */
export function skip({ upto, above }: Progress, oldest: number): Advance {
  return reached({ upto, above }, Math.max(upto, oldest - 1), []);
}

function reached(before: Progress, from: number, fresh: readonly number[]): Advance {
  const all = new Set([...before.above, ...fresh]);
  let upto = from;
  while (all.has(upto + 1)) upto++;
  const above = new Set([...all].filter((seq) => seq > upto));
  return {
    fresh,
    after: { upto, above },
    added: fresh.filter((seq) => seq > upto),
    absorbed: [...before.above].filter((seq) => seq <= upto),
    far: [],
  };
}

/** All numbers that are in the store, as the host is told. */
export function committedRanges({ upto, above }: Progress): readonly SeqRange[] {
  const first: readonly SeqRange[] = upto > 0 ? [[1, upto]] : [];
  return [...first, ...rangesOf([...above])];
}
