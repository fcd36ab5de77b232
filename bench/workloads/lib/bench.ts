// SPDX-License-Identifier: Apache-2.0
// The practice bench: learns, runs again and attacks all workloads, in mixed order, and goes on where it was stopped.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { whyNoSecondRoot } from "../../../test/helpers/second-root.ts";
import { convergence } from "./converge.ts";
import {
  attackRun,
  heldRun,
  learnRun,
  mergeModels,
  plainRun,
  type RunFacts,
  secondRootRun,
} from "./held.ts";
import { type Job, JobLog, type Phase, seedOf, shuffled } from "./jobs.ts";
import type { Subject } from "./runner.ts";
import { BASE, openSite } from "./site.ts";
import { type Summary, summarise } from "./summary.ts";
import type { Workload } from "./workload.ts";

export interface PracticeOptions {
  /** Learning runs of the model. */
  readonly runs: number;
  readonly fresh: number;
  /** Runs without Galgo; one half before, one half among the fresh runs. */
  readonly plain: number;
  /** Further learning runs, to find out when models converge. */
  readonly more: number;
  readonly anew: boolean;
  readonly onRun?: (job: Job, facts: RunFacts, left: number) => void;
}

/** Runs of each workload on a second root filesystem. */
const SECOND_ROOT_RUNS = 2;

/** What a bench comes to. */
export interface Practised {
  readonly summaries: readonly Summary[];
  /** Workloads that could not be learned, by their names, with the reason. */
  readonly failed: ReadonlyMap<string, string>;
}

/** Runs everything that is not done yet, and says what it comes to. */
export async function practice(
  workloads: readonly Workload[],
  options: PracticeOptions,
): Promise<Practised> {
  const log = new JobLog(join(BASE, "practice.jsonl"), options);
  const subjects = new Map<string, Subject>();
  for (const workload of workloads)
    subjects.set(workload.name, { workload, site: await openSite(workload) });
  const { runs, fresh, plain, more } = options;
  const before = Math.ceil(plain / 2);
  const first = workloads.flatMap(({ name }) => [
    ...jobsOf(name, "plain", 0, before),
    ...jobsOf(name, "learn", 0, runs + more),
  ]);
  const failed = new Map<string, string>();
  const bench = { log, subjects, options, failed };
  await runAll(shuffled(first, 1), bench);
  for (const { name } of workloads) attempt(name, failed, () => merged(name, runs));
  const roots = whyNoSecondRoot("overlay") === undefined ? SECOND_ROOT_RUNS : 0;
  const second = workloads.flatMap(({ name, attacks }) => [
    ...jobsOf(name, "plain", before, plain),
    ...jobsOf(name, "fresh", 0, fresh),
    ...jobsOf(name, "attack", 0, attacks.length),
    ...jobsOf(name, "second", 0, roots),
  ]);
  await runAll(shuffled(second, 2), bench);
  const measured = workloads.filter(({ name }) => !failed.has(name));
  return { summaries: measured.map((workload) => summaryOf(workload, log, options)), failed };
}

/** Nothing more is done with a workload that failed. */
function attempt(name: string, failed: Map<string, string>, work: () => void): void {
  if (failed.has(name)) return;
  try {
    work();
  } catch (error) {
    failed.set(name, error instanceof Error ? error.message : String(error));
  }
}

function jobsOf(workload: string, phase: Phase, from: number, to: number): Job[] {
  const count = Math.max(0, to - from);
  return Array.from({ length: count }, (_, i) => ({ workload, phase, index: from + i }));
}

interface Bench {
  readonly log: JobLog;
  readonly subjects: ReadonlyMap<string, Subject>;
  readonly options: PracticeOptions;
  readonly failed: Map<string, string>;
}

async function runAll(jobs: readonly Job[], bench: Bench): Promise<void> {
  const { log, subjects, options, failed } = bench;
  const open = jobs.filter((job) => !log.has(job) || lost(job));
  for (const [index, job] of open.entries()) {
    const subject = subjects.get(job.workload);
    if (subject === undefined || failed.has(job.workload)) continue;
    try {
      const facts = await runJob(subject, job);
      log.add({ ...job, facts });
      options.onRun?.(job, facts, open.length - index - 1);
    } catch (error) {
      failed.set(job.workload, error instanceof Error ? error.message : String(error));
    }
  }
}

/** A learning run whose model is not there any more. */
function lost({ workload, phase, index }: Job): boolean {
  return phase === "learn" && !existsSync(modelOf(workload, index));
}

async function runJob(subject: Subject, job: Job): Promise<RunFacts> {
  const seed = seedOf(job);
  const { workload } = subject;
  const model = mergedModelOf(workload.name);
  switch (job.phase) {
    case "plain":
      return plainRun(subject, seed);
    case "learn": {
      const output = modelOf(workload.name, job.index);
      let facts = await learnRun(subject, seed, output);
      // a run that went wrong is nothing to learn from: twice is a fault of the workload
      if (facts.problem !== undefined) facts = await learnRun(subject, seed, output);
      if (facts.problem === undefined) return facts;
      throw new Error(
        `${workload.name}, learning run ${job.index}: ${facts.problem}\n${facts.said}`,
      );
    }
    case "fresh":
      return heldRun(subject, seed, model);
    case "attack": {
      const attack = workload.attacks[job.index];
      if (attack === undefined) throw new Error(`${workload.name} has no attack ${job.index}`);
      return attackRun(subject, attack, { seed, model });
    }
    case "second":
      return secondRootRun(subject, seed, model);
  }
}

function modelOf(name: string, index: number): string {
  return join(BASE, name, "models", `run-${index}.galgo.json`);
}

function mergedModelOf(name: string): string {
  return join(BASE, name, "models", "merged.galgo.json");
}

function merged(name: string, runs: number): void {
  rmSync(mergedModelOf(name), { force: true });
  const models = Array.from({ length: runs }, (_, index) => modelOf(name, index));
  mergeModels(models, mergedModelOf(name));
}

function summaryOf(workload: Workload, log: JobLog, options: PracticeOptions): Summary {
  const { runs, fresh, plain, more } = options;
  const { name, attacks } = workload;
  const records = Array.from(
    { length: runs + more },
    (_, index) => `${modelOf(name, index)}.records.jsonl`,
  );
  return summarise({
    workload,
    plain: log.of(name, "plain", plain),
    learn: log.of(name, "learn", runs + more),
    fresh: log.of(name, "fresh", fresh),
    attack: log.of(name, "attack", attacks.length),
    second: log.of(name, "second", SECOND_ROOT_RUNS),
    model: mergedModelOf(name),
    converged: convergence(records),
  });
}
