// SPDX-License-Identifier: Apache-2.0
// The summaries of all workloads as tables, goals and notes.
import type { BenchOutcome, BenchTable, Verdict } from "../../lib/result.ts";
import { digits, times } from "../../lib/stats.ts";
import type { Practised } from "./bench.ts";
import type { AttackOutcome, Summary } from "./summary.ts";

/** Of twelve workloads so many without any false violation; the others with one distinct at most. */
const CLEAN_SHARE = 10 / 12;
const MAX_DISTINCT = 1;

export interface Counts {
  readonly runs: number;
  readonly fresh: number;
}

export function outcomeOf({ summaries, failed }: Practised, counts: Counts): BenchOutcome {
  return {
    tables: [modelTable(summaries, counts), timeTable(summaries), attackTable(summaries)],
    verdicts: [...(failed.size === 0 ? [] : [failure(failed)]), ...verdicts(summaries, counts)],
    notes: [
      ...[...failed].map(([name, why]) => `${name} could not be measured: ${why}`),
      ...summaries.flatMap(notesOf),
    ],
  };
}

function failure(failed: ReadonlyMap<string, string>): Verdict {
  const measured = [...failed.keys()].join(", ");
  return {
    what: "corpus: workloads that could not be measured",
    budget: "none",
    measured,
    met: false,
  };
}

function modelTable(summaries: readonly Summary[], { runs, fresh }: Counts): BenchTable {
  return {
    title: `Models of ${runs} learning runs, held against ${fresh} fresh runs`,
    note: "Rules are those that were found in the runs. False violations: distinct ones, and the runs that had any. Converged: the number of learning runs after which models know all of what later learning runs do. New in a run: what the model expects of one more run by Good-Turing, and what a fresh run showed on average. Second root: the same model enforced under an overlay of / with a device, a uuid and a kind of filesystem of its own.",
    columns: [
      "workload",
      "behaviours",
      "rules",
      "model, kB",
      "false violations",
      "in runs",
      "converged after",
      "new in a run, expected",
      "new in a run, met",
      "attacks refused",
      "same state on a second root",
    ],
    rows: summaries.map((summary) => [
      summary.label,
      digits(summary.model.behaviours),
      String(summary.model.rules.length),
      digits(summary.model.bytes / 1_000),
      String(summary.falseViolations.length),
      `${summary.violated} of ${summary.freshRuns}`,
      convergedWords(summary),
      summary.expected === undefined ? "-" : digits(summary.expected),
      digits(summary.measured),
      `${held(summary).length} of ${summary.attacks.length}`,
      summary.secondRoot.runs === 0
        ? "not tried"
        : `${summary.secondRoot.same} of ${summary.secondRoot.runs}`,
    ]),
  };
}

function convergedWords({ convergence: { steps, converged } }: Summary): string {
  return converged === undefined ? `more than ${steps.length}` : String(converged);
}

function timeTable(summaries: readonly Summary[]): BenchTable {
  return {
    title: "What it costs: the complete command, with the start of Galgo (medians)",
    columns: [
      "workload",
      "events",
      "plain, ms",
      "learning, ms",
      "enforcing, ms",
      "learning",
      "enforcing",
    ],
    rows: summaries.map(({ label, events, plainMs, learnMs, freshMs }) => [
      label,
      digits(events),
      digits(plainMs),
      digits(learnMs),
      digits(freshMs),
      times(learnMs / plainMs),
      times(freshMs / plainMs),
    ]),
  };
}

/** One line for each attack, whatever it was done to. */
function attackTable(summaries: readonly Summary[]): BenchTable {
  const byName = new Map<string, { workload: string; outcome: AttackOutcome }[]>();
  for (const { name: workload, attacks } of summaries)
    for (const outcome of attacks)
      byName.set(outcome.name, [...(byName.get(outcome.name) ?? []), { workload, outcome }]);
  return {
    title: "Attacks on enforced workloads",
    note: "Refused: no harm was done, and the run has a violation that normal runs do not have. The example is the first such violation.",
    columns: ["attack", "workloads", "refused", "example"],
    rows: [...byName].map(([name, all]) => {
      const example = all.find(({ outcome }) => outcome.seen !== undefined);
      return [
        name,
        all.length > 2 ? String(all.length) : all.map(({ workload }) => workload).join(", "),
        `${all.filter(({ outcome }) => outcome.held).length} of ${all.length}`,
        example === undefined ? "-" : `${example.workload}: ${example.outcome.seen}`,
      ];
    }),
  };
}

function held({ attacks }: Summary): readonly AttackOutcome[] {
  return attacks.filter((attack) => attack.held);
}

function verdicts(summaries: readonly Summary[], { fresh }: Counts): Verdict[] {
  const clean = summaries.filter(({ falseViolations }) => falseViolations.length === 0).length;
  const wanted = Math.ceil(summaries.length * CLEAN_SHARE);
  const worst = Math.max(0, ...summaries.map(({ falseViolations }) => falseViolations.length));
  const attacks = summaries.flatMap((summary) => summary.attacks);
  const refused = summaries.flatMap(held).length;
  const broken = summaries.flatMap((summary) => summary.broken).length;
  const runs = summaries.reduce((sum, summary) => sum + summary.freshRuns, 0);
  return [
    {
      what: `corpus: workloads without false violations in ${fresh} fresh runs`,
      budget: `>= ${wanted} of ${summaries.length}`,
      measured: `${clean} of ${summaries.length}`,
      met: clean >= wanted,
    },
    {
      what: "corpus: distinct false violations of any workload",
      budget: `<= ${MAX_DISTINCT}`,
      measured: String(worst),
      met: worst <= MAX_DISTINCT,
    },
    {
      what: "corpus: enforced runs whose work went wrong without a violation",
      budget: "0",
      measured: `${broken} of ${runs}`,
      met: broken === 0,
    },
    {
      what: "corpus: attacks refused",
      budget: "all",
      measured: `${refused} of ${attacks.length}`,
      met: refused === attacks.length,
    },
    secondRootVerdict(summaries),
  ];
}

function secondRootVerdict(summaries: readonly Summary[]): Verdict {
  const all = summaries.map(({ secondRoot }) => secondRoot);
  const tried = all.filter(({ runs }) => runs > 0);
  const same = tried.filter((root) => root.same === root.runs && root.broken.length === 0);
  return {
    what: "corpus: workloads with the same state value on a second root filesystem",
    budget: "all",
    measured: tried.length === 0 ? "not tried here" : `${same.length} of ${all.length}`,
    met: same.length === all.length,
  };
}

function secondRootNotes({ name, secondRoot }: Summary): string[] {
  const { runs, differences, broken } = secondRoot;
  return [
    ...differences.map(
      ({ text, runs: some }) => `${name}, second root, in ${some} of ${runs} runs: ${text}`,
    ),
    ...broken.map((words) => `${name}, second root, work went wrong: ${words}`),
  ];
}

function notesOf(summary: Summary): string[] {
  const { name, falseViolations, freshRuns, broken, attacks, leftovers } = summary;
  return [
    ...falseViolations.map(
      ({ text, runs }) => `${name}, false violation in ${runs} of ${freshRuns} runs: ${text}`,
    ),
    ...broken.map((words) => `${name}, work went wrong: ${words}`),
    ...attacks
      .filter((attack) => !attack.held)
      .map(({ name: attack, harm }) => `${name}: ${attack}: ${harm ?? "no violation"}`),
    ...secondRootNotes(summary),
    ...(leftovers.length === 0 ? [] : [`${name}: left behind: ${leftovers.join("; ")}`]),
  ];
}
