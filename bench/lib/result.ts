// SPDX-License-Identifier: Apache-2.0
// What a bench leaves behind: one JSON file in bench/results, from which report.ts writes RESULTS.md.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const RESULTS: string = resolve(import.meta.dirname, "../results");

/** A table of RESULTS.md: words, already written. */
export interface BenchTable {
  readonly title: string;
  readonly note?: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A budget of the design, what was measured, and whether that is within. */
export interface Verdict {
  readonly what: string;
  readonly budget: string;
  readonly measured: string;
  readonly met: boolean;
}

export interface Machine {
  readonly kernel: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryGiB: number;
  readonly node: string;
  /** Vulnerabilities that this kernel pays for, with how. */
  readonly mitigations: string;
  readonly user: string;
}

export interface BenchResult {
  readonly bench: string;
  readonly started: string;
  readonly seconds: number;
  readonly commit: string;
  readonly machine: Machine;
  /** Share of all CPU time that other processes took in a second before and in one after it, when the bench did nothing (%). */
  readonly othersBefore: number;
  readonly othersAfter: number;
  readonly tables: readonly BenchTable[];
  readonly verdicts: readonly Verdict[];
  readonly notes: readonly string[];
}

export interface BenchOutcome {
  readonly tables: readonly BenchTable[];
  readonly verdicts?: readonly Verdict[];
  readonly notes?: readonly string[];
}

/** All results there are, in the order of their names. */
export function readResults(): BenchResult[] {
  return readdirSync(RESULTS)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(RESULTS, name), "utf8")) as BenchResult);
}
