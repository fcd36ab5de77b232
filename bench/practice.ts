// SPDX-License-Identifier: Apache-2.0
// `npm run practice [-- NAME...]`: how models of the corpus (bench/workloads) hold up: learned, merged, enforced on fresh runs, attacked.
// Goes on where it was stopped. All workloads with the full numbers write bench/results/practice.json and RESULTS.md.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bench, printOutcome } from "./lib/bench.ts";
import { built } from "./lib/galgo.ts";
import type { BenchOutcome } from "./lib/result.ts";
import { CORPUS } from "./workloads/corpus.ts";
import { practice, type PracticeOptions } from "./workloads/lib/bench.ts";
import type { RunFacts } from "./workloads/lib/held.ts";
import type { Job } from "./workloads/lib/jobs.ts";
import { missing, openSite } from "./workloads/lib/site.ts";
import { outcomeOf } from "./workloads/lib/tables.ts";
import { tryOut } from "./workloads/lib/try-out.ts";
import type { Workload } from "./workloads/lib/workload.ts";

const HELP = `npm run practice [-- OPTION... NAME...]
  NAME             only these workloads: ${CORPUS.map(({ name }) => name).join(", ")}
  --runs N         learning runs of each model (3)
  --fresh N        fresh runs under each model (20)
  --quick          five fresh runs, no further learning runs
  --anew           forget what an earlier bench has done
  --try            instead: run workloads and attacks without Galgo; with --normal, no attacks
  --install        instead: install the Debian packages of bench/workloads/packages.txt
Exit status 1: a goal was missed.`;

const { values: chosen, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "3" },
    fresh: { type: "string" },
    quick: { type: "boolean", default: false },
    anew: { type: "boolean", default: false },
    try: { type: "boolean", default: false },
    normal: { type: "boolean", default: false },
    install: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

function number(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`--${option} has to be a whole number from 1, not ${text}`);
}

function workloadsOf(wanted: readonly string[]): readonly Workload[] {
  const unknown = wanted.filter((name) => !CORPUS.some((workload) => workload.name === name));
  if (unknown.length > 0) throw new Error(`no workload is called ${unknown.join(", ")}\n${HELP}`);
  const workloads = CORPUS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const lacking = workloads.flatMap((workload) => missing(workload));
  if (lacking.length === 0) return workloads;
  throw new Error(`missing: ${lacking.join(", ")}; npm run practice -- --install installs them`);
}

function options(): PracticeOptions {
  const runs = number("runs", chosen.runs);
  const fresh = number("fresh", chosen.fresh ?? (chosen.quick ? "5" : "20"));
  const counts = chosen.quick ? { plain: 2, more: 0 } : { plain: 6, more: 3 };
  return { runs, fresh, ...counts, anew: chosen.anew, onRun: tell };
}

function tell({ workload, phase, index }: Job, facts: RunFacts, left: number): void {
  const { ms, problem, harm, violations = [] } = facts;
  const words = [
    `${left} to go: ${workload}, ${phase} ${index}: ${Math.round(ms)} ms`,
    ...(phase === "attack" ? [harm ?? `refused: ${violations[0] ?? "NOTHING"}`] : violations),
    ...(problem === undefined || phase === "attack" ? [] : [problem]),
  ];
  console.log(words.join("; "));
}

async function measure(): Promise<void> {
  built();
  const workloads = workloadsOf(names);
  const settings = options();
  const work = async (): Promise<BenchOutcome> =>
    outcomeOf(await practice(workloads, settings), settings);
  const whole = workloads.length === CORPUS.length && !chosen.quick;
  const outcome = whole ? await bench("practice", work) : await work();
  if (!whole) printOutcome(outcome);
  if (outcome.verdicts?.some(({ met }) => !met) === true) process.exitCode = 1;
}

async function tryAll(): Promise<void> {
  for (const workload of workloadsOf(names)) {
    const good = await tryOut({ workload, site: await openSite(workload) }, !chosen.normal);
    if (!good) process.exitCode = 1;
  }
}

if (chosen.help) console.log(HELP);
else if (chosen.install)
  process.exitCode =
    spawnSync("sh", [join(import.meta.dirname, "workloads/install.sh")], { stdio: "inherit" })
      .status ?? 1;
else if (chosen.try) await tryAll();
else await measure();
