// SPDX-License-Identifier: Apache-2.0
// Names of one directory beside each other.
import type { NameNode } from "./name-tree.ts";

/** One name beside others. */
export interface Entry {
  readonly name: string;
  readonly node: NameNode;
  /** Runs that met the directory met it too. */
  readonly stable: boolean;
}

/** What is known of the place. */
export interface Place {
  /** Runs that met the directory. */
  readonly runs: ReadonlySet<number>;
  /** Day on which each run began (days since 1970), where that is known. */
  readonly days: readonly (number | undefined)[];
}

export function coversAll(runs: ReadonlySet<number>, all: ReadonlySet<number>): boolean {
  for (const run of all) if (!runs.has(run)) return false;
  return true;
}

export function runsOf(entries: readonly Entry[]): ReadonlySet<number> {
  return new Set(entries.flatMap(({ node }) => [...node.runs]));
}

/** Characters with which both begin. */
export function commonStart(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return at;
}

/** Two runs met different names, each one that the other did not. */
export function differBetweenRuns(entries: readonly Entry[]): boolean {
  const sets = new Map(entries.map(({ node }) => [[...node.runs].sort().join(), node.runs]));
  const distinct = [...sets.values()];
  return distinct.some((a) => distinct.some((b) => !coversAll(a, b) && !coversAll(b, a)));
}
