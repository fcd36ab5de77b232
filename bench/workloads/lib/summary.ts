// SPDX-License-Identifier: Apache-2.0
// What the runs of a workload come to: false violations, attacks, overhead, size; and what the model itself expected.
import { readFileSync } from "node:fs";
import { median } from "../../lib/stats.ts";
import type { Convergence } from "./converge.ts";
import { modelFacts, type ModelFacts, type RunFacts } from "./held.ts";
import type { DoneJob } from "./jobs.ts";
import type { Attack, Workload } from "./workload.ts";

export interface WorkloadRuns {
  readonly workload: Workload;
  readonly plain: readonly DoneJob[];
  readonly learn: readonly DoneJob[];
  readonly fresh: readonly DoneJob[];
  readonly attack: readonly DoneJob[];
  readonly second: readonly DoneJob[];
  readonly model: string;
  readonly converged: Convergence;
}

/** A violation in words, the same for all runs, and in how many of them it was met. */
export interface Met {
  readonly text: string;
  readonly runs: number;
}

export interface AttackOutcome {
  readonly name: string;
  /** It did no harm, and it shows as a violation that normal runs do not have. */
  readonly held: boolean;
  readonly harm?: string;
  /** The first such violation. */
  readonly seen?: string;
}

export interface SecondRootOutcome {
  readonly runs: number;
  /** Of them, how many ended with the state value of the model. */
  readonly same: number;
  /** What was different in the others. */
  readonly differences: readonly Met[];
  /** Runs that did not do their work right although nothing was refused. */
  readonly broken: readonly string[];
}

export interface Summary {
  readonly name: string;
  readonly label: string;
  readonly model: ModelFacts;
  readonly events: number;
  readonly falseViolations: readonly Met[];
  readonly freshRuns: number;
  /** Fresh runs with any violation. */
  readonly violated: number;
  /** Of the fresh runs, how many did not do their work right. */
  readonly broken: readonly string[];
  readonly convergence: Convergence;
  /** New behaviours in one more run: what the model expects after its learning runs (Good-Turing), and what the fresh runs showed on average. */
  readonly expected: number | undefined;
  readonly measured: number;
  /** Median times (ms). */
  readonly plainMs: number;
  readonly learnMs: number;
  readonly freshMs: number;
  readonly attacks: readonly AttackOutcome[];
  /** Runs on a second root filesystem; none where there can be no such thing. */
  readonly secondRoot: SecondRootOutcome;
  readonly leftovers: readonly string[];
}

export function summarise(runs: WorkloadRuns): Summary {
  const { workload, plain, learn, fresh, attack, second, model, converged } = runs;
  const falseViolations = met(fresh.map(({ facts }) => facts));
  const known = new Set(falseViolations.map(({ text }) => text));
  const all = [...plain, ...learn, ...fresh, ...attack, ...second];
  return {
    name: workload.name,
    label: workload.label,
    model: modelFacts(model),
    events: median(learn.map(({ facts }) => facts.counts?.events ?? 0)),
    falseViolations,
    freshRuns: fresh.length,
    violated: fresh.filter(({ facts }) => facts.violations !== undefined).length,
    broken: fresh.flatMap(({ facts, index }) => brokenWords(facts, index)),
    convergence: converged,
    expected: expectedOf(model),
    measured: mean(fresh.map(({ facts }) => facts.counts?.violations ?? 0)),
    plainMs: medianMs(plain),
    learnMs: medianMs(learn),
    freshMs: medianMs(fresh),
    attacks: attack.map(({ facts, index }) => attacked(workload.attacks[index], facts, known)),
    secondRoot: {
      runs: second.length,
      same: second.filter(({ facts }) => facts.sameState === true).length,
      differences: met(second.map(({ facts }) => facts)),
      broken: second.flatMap(({ facts, index }) => brokenWords(facts, index)),
    },
    leftovers: all.flatMap(({ facts }) => facts.leftovers ?? []),
  };
}

function brokenWords({ problem, said, violations }: RunFacts, index: number): string[] {
  // a run that was refused something is counted by its violations
  if (problem === undefined || violations !== undefined) return [];
  return [`run ${index}: ${problem}: ${(said ?? "").trim().slice(-200)}`];
}

function attacked(
  attack: Attack | undefined,
  facts: RunFacts,
  known: ReadonlySet<string>,
): AttackOutcome {
  const name = attack?.name ?? "?";
  const seen = (facts.violations ?? []).map(timeless).find((text) => !known.has(text));
  const held = facts.harm === undefined && seen !== undefined;
  return {
    name,
    held,
    ...(facts.harm === undefined ? {} : { harm: facts.harm }),
    ...(seen === undefined ? {} : { seen }),
  };
}

function met(runs: readonly RunFacts[]): Met[] {
  const counts = new Map<string, number>();
  for (const { violations = [] } of runs)
    for (const text of new Set(violations.map(timeless)))
      counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts]
    .map(([text, count]) => ({ text, runs: count }))
    .sort((a, b) => b.runs - a.runs);
}

/** A violation without what is different in each run: the fresh folder, ports, numbers, random names. */
export function timeless(text: string): string {
  return text
    .replaceAll(/run-[0-9a-f]{8}/g, "RUN")
    .replaceAll(/(?<=[\d.\]]):\d{3,5}\b/g, ":PORT")
    .replaceAll(/(?<![0-9a-z])[0-9a-f]{12,}(?![0-9a-z])/g, "HEX")
    .replaceAll(/\d{3,}/g, "N");
}

function expectedOf(model: string): number | undefined {
  const { spec } = JSON.parse(readFileSync(model, "utf8")) as {
    spec: { completeness: { runs: number; unseen?: { inOneRun: number } } };
  };
  const { runs, unseen } = spec.completeness;
  return unseen === undefined || runs < 2 ? undefined : unseen.inOneRun / runs;
}

function medianMs(jobs: readonly DoneJob[]): number {
  return median(jobs.map(({ facts }) => facts.ms));
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
