// SPDX-License-Identifier: Apache-2.0
// Workloads under Galgo: learned run by run, merged, enforced, attacked; what Galgo says of each run.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { secondRoot } from "../../../test/helpers/second-root.ts";
import { CLI } from "../../lib/galgo.ts";
import { attackOnce, galgo, runOnce, type RunHow, type Subject, type Timed } from "./runner.ts";
import type { Attack } from "./workload.ts";

/** What is kept of one run; plain data, for a file of results. */
export interface RunFacts {
  readonly seed: number;
  readonly ms: number;
  readonly status: number;
  readonly problem?: string;
  readonly leftovers?: readonly string[];
  /** The end of what was written to stderr, of runs that had a problem. */
  readonly said?: string;
  /** What Galgo counted; absent for plain runs. */
  readonly counts?: Counts;
  /** Violations in words, in the order of the run, without numbers and decisions. */
  readonly violations?: readonly string[];
  /** Of an attack: what harm it did. */
  readonly harm?: string;
  /** The run ended with the state value of its model. */
  readonly sameState?: boolean;
}

export interface Counts {
  readonly events: number;
  readonly points: number;
  readonly violations: number;
  readonly refused: number;
  readonly lost: number;
}

/** Longest text of a failed run that is kept. */
const MAX_SAID = 2_000;

export async function plainRun(subject: Subject, seed: number): Promise<RunFacts> {
  return factsOf(seed, await runOnce(subject, { seed }));
}

/** Learns one run into the model file `output`. */
export async function learnRun(subject: Subject, seed: number, output: string): Promise<RunFacts> {
  mkdirSync(dirname(output), { recursive: true });
  const { name } = subject.workload;
  const wrap = galgo("learn", "--name", name, "-o", output, "--");
  return underGalgo(subject, seed, async (how) => runOnce(subject, { ...how, wrap }));
}

/** Runs under a model: what is not in it is refused. */
export async function heldRun(subject: Subject, seed: number, model: string): Promise<RunFacts> {
  const wrap = runWords(subject, model, ["--enforce"]);
  return underGalgo(subject, seed, async (how) => runOnce(subject, { ...how, wrap }));
}

/** Runs enforced under a second root filesystem: an overlay of / with a device, a uuid and a kind of its own. */
export async function secondRootRun(
  subject: Subject,
  seed: number,
  model: string,
): Promise<RunFacts> {
  const base = join(dirname(subject.site.folder), "second-root");
  mkdirSync(base, { recursive: true });
  const words = secondRoot({ kind: "overlay", base, shared: stateOf(subject) });
  const wrap = [...words, ...runWords(subject, model, ["--enforce"])];
  return underGalgo(subject, seed, async ({ env, ...how }) =>
    runOnce(subject, { ...how, env: { ...env, BACK: "1" }, wrap }),
  );
}

/** Runs with an attack in it, under an enforced model. */
export async function attackRun(
  subject: Subject,
  attack: Attack,
  { seed, model }: { readonly seed: number; readonly model: string },
): Promise<RunFacts> {
  const policy = ["--enforce", "--on-violation", attack.policy ?? "deny"];
  const wrap = runWords(subject, model, policy);
  let harm: string | undefined;
  const facts = await underGalgo(subject, seed, async (how) => {
    const attacked = await attackOnce(subject, attack, { ...how, wrap });
    harm = attacked.harm;
    return attacked;
  });
  return harm === undefined ? facts : { ...facts, harm };
}

function runWords({ workload }: Subject, model: string, mode: readonly string[]): string[] {
  // what a refusal has kept from being stopped is not waited for
  const words = ["-m", model, "--name", workload.name, ...mode, "--on-exit", "kill", "--"];
  return galgo("run", ...words) as string[];
}

function stateOf({ site }: Subject): string {
  return join(dirname(site.folder), "state");
}

async function underGalgo(
  subject: Subject,
  seed: number,
  run: (how: RunHow) => Promise<Timed>,
): Promise<RunFacts> {
  const { name } = subject.workload;
  const state = stateOf(subject);
  rmSync(state, { recursive: true, force: true });
  mkdirSync(state, { recursive: true });
  const env = { GALGO_STATE_DIR: state, NO_COLOR: "1" };
  const timed = await run({ seed, env });
  const { counts, sameState } = recordOf(state, name);
  const violations = counts?.violations === 0 ? [] : words(env, name);
  return {
    ...factsOf(seed, timed),
    ...(counts === undefined ? {} : { counts }),
    ...(sameState === undefined ? {} : { sameState }),
    ...(violations.length === 0 ? {} : { violations }),
  };
}

function factsOf(seed: number, timed: Timed): RunFacts {
  const { ms, status, problem, leftovers, stdout, stderr } = timed;
  return {
    seed,
    ms: Math.round(ms * 10) / 10,
    status,
    ...(problem === undefined ? {} : { problem, said: `${stdout}\n${stderr}`.slice(-MAX_SAID) }),
    ...(leftovers.length === 0 ? {} : { leftovers }),
  };
}

interface RecordFacts {
  readonly counts?: Counts;
  readonly sameState?: boolean;
}

/** What run.json says of the latest run. */
function recordOf(state: string, name: string): RecordFacts {
  try {
    const text = readFileSync(join(state, name, "latest", "run.json"), "utf8");
    const { modelState, outcome } = JSON.parse(text) as {
      modelState?: string;
      outcome?: { counts: Counts; state: string };
    };
    if (outcome === undefined) return {};
    const { counts } = outcome;
    return modelState === undefined
      ? { counts }
      : { counts, sameState: outcome.state === modelState };
  } catch {
    return {};
  }
}

/** Also of a run that had to be killed. */
function forensics(env: Readonly<Record<string, string>>, name: string): string {
  try {
    return said(["show", name, "forensics"], env);
  } catch {
    return "";
  }
}

/** `galgo show NAME forensics`: violations only, not the calls of processes that were untrusted already. */
function words(env: Readonly<Record<string, string>>, name: string): string[] {
  return forensics(env, name)
    .split("\n")
    .filter((line) => /^\d+: /.test(line))
    .map((line) => line.replace(/^\d+: /, "").replace(/ \[[^\]]*\]$/, ""));
}

/** Makes one model of several. @throws Error with what galgo said */
export function mergeModels(models: readonly string[], output: string): void {
  mkdirSync(dirname(output), { recursive: true });
  said(["model", "merge", "-o", output, ...models], {});
}

/** What galgo prints. @throws Error when it fails */
export function said(args: readonly string[], env: Readonly<Record<string, string>>): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    env: { ...process.env, NO_COLOR: "1", ...env },
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`galgo ${args.slice(0, 4).join(" ")} ...: ${stderr}`);
  return stdout;
}

/** What a model file is. */
export interface ModelFacts {
  readonly behaviours: number;
  readonly bytes: number;
  /** Rules that were found, each as it stands in the file. */
  readonly rules: readonly { readonly rule: string }[];
}

/** Rules without anything to say of what they rest on are those of the profile. */
export function modelFacts(file: string): ModelFacts {
  const { spec } = JSON.parse(readFileSync(file, "utf8")) as {
    spec: { points: unknown[]; profile: { rules: { rule: string; evidence?: unknown }[] } };
  };
  const rules = spec.profile.rules.filter((rule) => Object.keys(rule).length > 1);
  return { behaviours: spec.points.length, bytes: statSync(file).size, rules };
}
