// SPDX-License-Identifier: Apache-2.0
// Runs a workload once in a fresh folder: plain, learned, under a model, or with an attack in it.
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { CLI } from "../../lib/galgo.ts";
import { type OpenWorld, openWorld } from "./listener.ts";
import { openRun, type OpenRun } from "./site.ts";
import type { Attack, Ended, Site, Workload, WorkloadCommand } from "./workload.ts";

const TIMEOUT_MS = 90_000;
/** A process in the background may hold the output open after the command has ended. */
const OUTPUT_MS = 3_000;

/** Ends what is under way when the bench is stopped. */
const open = new Set<() => void>();
let watched = false;

function whenStopped(end: () => void): () => void {
  if (!watched) {
    watched = true;
    process.once("exit", () => {
      for (const each of open) each();
    });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.once(signal, () => process.exit(130));
  }
  open.add(end);
  return () => open.delete(end);
}

/** One run of a workload: how long the complete command took, how it ended, what was wrong. */
export interface Timed extends Ended {
  readonly ms: number;
  /** What the workload's own check has to say; undefined when it is content. */
  readonly problem: string | undefined;
  /** Command lines of processes that had to be killed afterwards. */
  readonly leftovers: readonly string[];
}

/** Whose runs they are. */
export interface Subject {
  readonly workload: Workload;
  readonly site: Site;
}

/** Words before the command: none, or those of galgo. */
export type Wrap = readonly string[];

/** Words of galgo; its state goes to GALGO_STATE_DIR of `env`. */
export function galgo(...words: readonly string[]): Wrap {
  return [process.execPath, CLI, ...words];
}

export interface RunHow {
  readonly seed: number;
  readonly wrap?: Wrap;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the normal work. */
export async function runOnce({ workload, site }: Subject, how: RunHow): Promise<Timed> {
  const run = openRun(site, how.seed);
  const forget = whenStopped(() => void run.close());
  try {
    const { ended, ms } = await timed(run, await workload.command(run), how);
    return { ...ended, ms, problem: workload.check(run, ended), leftovers: run.close() };
  } finally {
    run.close();
    forget();
  }
}

/** What an attack came to, besides what Galgo says of it. */
export interface Attacked extends Timed {
  readonly harm: string | undefined;
}

/** Runs the normal work with an attack in it. */
export async function attackOnce(
  { workload, site }: Subject,
  attack: Attack,
  how: RunHow,
): Promise<Attacked> {
  const world = await openWorld();
  const run = openRun(site, how.seed, { inject: (fresh) => attack.inject(fresh, world) });
  const forget = whenStopped(() => void run.close());
  try {
    return await attacked({ workload, site }, attack, { ...how, world, run });
  } finally {
    run.close();
    forget();
    await world.close();
    rmSync(`/tmp/galgo-dropped-${how.seed}`, { force: true });
  }
}

interface Scene extends RunHow {
  readonly world: OpenWorld;
  readonly run: OpenRun;
}

async function attacked(
  { workload }: Subject,
  attack: Attack,
  { world, run, ...how }: Scene,
): Promise<Attacked> {
  const command = await workload.command(run);
  attack.arrange?.(run, world);
  const { ended, ms } = await timed(run, command, how);
  const harm = attack.harm(run, world, ended);
  const problem = workload.check(run, ended);
  return { ...ended, ms, problem, harm, leftovers: run.close() };
}

function timed(
  run: OpenRun,
  command: WorkloadCommand,
  { wrap = [], env = {} }: RunHow,
): Promise<{ readonly ended: Ended; readonly ms: number }> {
  const [program = "", ...args] = [...wrap, ...command.argv];
  const from = performance.now();
  const child = spawn(program, args, {
    cwd: run.folder,
    env: { ...run.env, ...command.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (part: string) => {
      output[name] += part;
    });
  return new Promise((done, failed) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
    let ms = Number.NaN;
    child.once("error", failed);
    child.once("exit", () => {
      ms = performance.now() - from;
      setTimeout(() => {
        for (const stream of [child.stdout, child.stderr]) stream.destroy();
      }, OUTPUT_MS).unref();
    });
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      if (signal !== null) output.stderr += `\nended by ${signal}`;
      done({ ended: { status: code ?? 128, ...output }, ms });
    });
  });
}
