// SPDX-License-Identifier: Apache-2.0
// Runs of the corpus as Galgo's own sensor saw them, with the order of their events: normal ones, and ones with an attack in them.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { LearningRun } from "../../src/model/index.ts";
import { recordsFileOf } from "../../src/orchestrator/models/learn-files.ts";
import { readLearningRuns } from "../../src/orchestrator/models/learning-runs.ts";
import { attackOnce, galgo, type RunHow, runOnce, type Subject } from "../workloads/lib/runner.ts";
import { BASE, openSite } from "../workloads/lib/site.ts";
import type { Attack, Workload } from "../workloads/lib/workload.ts";
import { allowedAttacks } from "./allowed.ts";

/** How many runs of each kind. */
export interface Sizes {
  readonly train: number;
  readonly normal: number;
  /** Runs of each attack that uses allowed behaviours only. */
  readonly allowed: number;
  /** Attacks of the corpus, each once. */
  readonly attacks: number;
}

/** A run with an attack in it. */
export interface AttackedRun {
  readonly name: string;
  /** Nothing is done that the workload does not do in a normal run. */
  readonly allowedOnly: boolean;
  readonly run: LearningRun;
}

/** What was recorded of one workload. */
export interface Collected {
  readonly workload: string;
  readonly train: readonly LearningRun[];
  readonly normal: readonly LearningRun[];
  readonly attacked: readonly AttackedRun[];
}

const FOLDER: string = join(BASE, "sequence");
const NORMAL_SEED = 20_001;
const TRAIN_SEED = 10_001;
const ATTACK_SEED = 30_001;

export async function collect(workload: Workload, sizes: Sizes): Promise<Collected> {
  const subject = { workload, site: await openSite(workload) };
  const train = await normals(subject, TRAIN_SEED, sizes.train);
  const normal = await normals(subject, NORMAL_SEED, sizes.normal);
  const allowed = allowedAttacks(workload.name).flatMap((attack) =>
    new Array<Attack>(sizes.allowed).fill(attack),
  );
  const attacked: AttackedRun[] = [];
  for (const attack of [...allowed, ...workload.attacks.slice(0, sizes.attacks)]) {
    const seed = ATTACK_SEED + attacked.length;
    const run = await recorded(subject, seed, (how) => attackOnce(subject, attack, how));
    attacked.push({ name: attack.name, allowedOnly: allowed.includes(attack), run });
  }
  return { workload: workload.name, train, normal, attacked };
}

async function normals(subject: Subject, first: number, count: number): Promise<LearningRun[]> {
  const runs: LearningRun[] = [];
  for (let seed = first; seed < first + count; seed++)
    runs.push(await recorded(subject, seed, (how) => runOnce(subject, how)));
  return runs;
}

/** @throws Error when nothing was recorded: a run without the order of its events would count as a normal one */
async function recorded(
  { workload: { name } }: Subject,
  seed: number,
  work: (how: RunHow) => Promise<{ readonly stderr: string }>,
): Promise<LearningRun> {
  const folder = join(FOLDER, `${name}-${seed}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const output = join(folder, "model.json");
  const words = ["learn", "--alarm-budget", "1/day", "--allow-loss", "--name", name, "-o", output];
  const env = { GALGO_STATE_DIR: join(folder, "state"), GALGO_RUN_DIR: join(folder, "run") };
  try {
    const { stderr } = await work({ seed, wrap: galgo(...words, "--"), env });
    const [run] = readLearningRuns(recordsFileOf(output));
    if (run?.sequence !== undefined) return run;
    throw new Error(`${name}, seed ${seed}: the order of events was not recorded: ${stderr}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
