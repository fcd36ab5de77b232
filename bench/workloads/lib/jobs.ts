// SPDX-License-Identifier: Apache-2.0
// Runs that are done once: each result is a line of a file as soon as it is there, so that a bench that was stopped goes on where it was.
import { createHash } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { CLI } from "../../lib/galgo.ts";
import type { RunFacts } from "./held.ts";
import { sourcesDigest } from "./sources.ts";

/** `plain`: without Galgo. `learn`: into a model of its own. `fresh`: under the merged model. `attack`: under it, with an attack. `second`: under it, on a second root. */
export type Phase = "plain" | "learn" | "fresh" | "attack" | "second";

export interface Job {
  readonly workload: string;
  readonly phase: Phase;
  /** From 0. */
  readonly index: number;
}

export interface DoneJob extends Job {
  readonly facts: RunFacts;
}

interface Header {
  /** Digests: results of another Galgo, or of other workloads, are worth nothing. */
  readonly galgo: string;
  readonly corpus: string;
  /** Learning runs of a model. */
  readonly runs: number;
}

/** What is done already. */
export class JobLog {
  readonly #file: string;
  readonly #done = new Map<string, DoneJob>();

  /** Opens the log; one of another build of Galgo, of other workloads or other models is begun anew. */
  constructor(file: string, { runs, anew }: { readonly runs: number; readonly anew: boolean }) {
    this.#file = file;
    const header: Header = { galgo: galgoDigest(), corpus: sourcesDigest(), runs };
    const [first, ...lines] =
      existsSync(file) && !anew ? readFileSync(file, "utf8").trim().split("\n") : [];
    if (first === JSON.stringify(header)) {
      for (const line of lines) this.#keep(JSON.parse(line) as DoneJob);
      return;
    }
    rmSync(file, { force: true });
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(header)}\n`);
  }

  has(job: Job): boolean {
    return this.#done.has(keyOf(job));
  }

  add(job: DoneJob): void {
    appendFileSync(this.#file, `${JSON.stringify(job)}\n`);
    this.#keep(job);
  }

  /** The first `count` results of a phase, in the order of their numbers. */
  of(workload: string, phase: Phase, count: number): DoneJob[] {
    return [...this.#done.values()]
      .filter((job) => job.workload === workload && job.phase === phase && job.index < count)
      .sort((a, b) => a.index - b.index);
  }

  #keep(job: DoneJob): void {
    this.#done.set(keyOf(job), job);
  }
}

function keyOf({ workload, phase, index }: Job): string {
  return `${workload} ${phase} ${index}`;
}

/** Of the entry and the bundles beside it, which are what runs. */
function galgoDigest(): string {
  const bundles = join(dirname(CLI), "bundle");
  const names = existsSync(bundles) ? readdirSync(bundles).sort() : [];
  const hash = createHash("sha256");
  for (const file of [CLI, ...names.map((name) => join(bundles, name))])
    hash.update(readFileSync(file));
  return hash.digest("hex");
}

const FIRST_SEED: Readonly<Record<Phase, number>> = {
  plain: 100,
  learn: 1,
  fresh: 1_000,
  attack: 5_000,
  second: 9_000,
};

/** Each run has its own seed, the same each time. */
export function seedOf({ phase, index }: Job): number {
  return FIRST_SEED[phase] + index;
}

/** An order in which workloads and kinds of runs are mixed; the same each time (Fisher and Yates, with a linear congruential generator). */
export function shuffled(jobs: readonly Job[], seed: number): Job[] {
  const mixed = [...jobs];
  let state = seed;
  for (let i = mixed.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    const [a, b] = [mixed[i], mixed[j]];
    if (a !== undefined && b !== undefined) [mixed[i], mixed[j]] = [b, a];
  }
  return mixed;
}
