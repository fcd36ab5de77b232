// SPDX-License-Identifier: Apache-2.0
// Galgo as a bench uses it: learn a model, run a command free or enforced, read the run's record.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Lab, type Ran, type RunOptions, failure } from "./lab.ts";

const ROOT: string = resolve(import.meta.dirname, "../..");

/** The built command line. GALGO_BENCH_CLI names another build, to compare. */
export const CLI: string = process.env["GALGO_BENCH_CLI"] ?? join(ROOT, "dist/galgo.cjs");

/** Exit status of galgo run when an enforced model was violated. */
export const VIOLATED = 121;

/** What a bench reads of run.json. */
export interface RunFacts {
  readonly events: number;
  readonly lost: number;
  readonly points: number;
  readonly violations: number;
  readonly refused: number;
  /** Decision latency as Galgo itself measured it (us). */
  readonly medianUs: number;
  readonly p99Us: number;
  /** What the sensor found on this machine: "cgroup", "sync-wake-up" and the like. */
  readonly features: readonly string[];
}

/** The part of run.json that is read. */
interface Outcome {
  readonly counts: Pick<RunFacts, "events" | "lost" | "points" | "violations" | "refused">;
  readonly latency: { readonly medianUs: number; readonly p99Us: number };
  readonly fidelity?: { readonly features?: readonly string[] };
}

export interface GalgoOptions extends RunOptions {
  /** Node's own options, before the command line. */
  readonly nodeArgs?: readonly string[];
  /** Put before everything: taskset, setpriv. */
  readonly prefix?: readonly string[];
}

/** How a command is run in a bench. */
export type Mode = "native" | "free" | "enforce";

/** Galgo with a state directory of its own below the lab. */
export class Galgo {
  readonly state: string;
  readonly #lab: Lab;

  constructor(lab: Lab, state = "state") {
    this.#lab = lab;
    this.state = lab.sub(state);
    built();
  }

  get env(): NodeJS.ProcessEnv {
    return { ...process.env, GALGO_STATE_DIR: this.state, NO_COLOR: "1" };
  }

  /** The argument vector of `galgo ...`. */
  command(args: readonly string[], options: GalgoOptions = {}): string[] {
    return [...(options.prefix ?? []), process.execPath, ...(options.nodeArgs ?? []), CLI, ...args];
  }

  /** Learns a command into a model file of that name. The command has to succeed. */
  async learn(
    name: string,
    command: readonly string[],
    options: GalgoOptions & { readonly runs?: number } = {},
  ): Promise<string> {
    const model = join(this.#lab.sub("models"), `${name}.galgo.json`);
    const runs = ["--runs", String(options.runs ?? 1)];
    const args = ["learn", "--name", name, ...runs, "-o", model, "--", ...command];
    await this.#lab.succeed(this.command(args, options), {
      ...options,
      env: { ...this.env, ...options.env },
    });
    return model;
  }

  /** The argument vector that runs `command` in a mode. */
  modeCommand(
    mode: Mode,
    name: string,
    command: readonly string[],
    options: GalgoOptions & { readonly model?: string; readonly policy?: string } = {},
  ): string[] {
    if (mode === "native") return [...(options.prefix ?? []), ...command];
    const model =
      mode === "enforce" && options.model !== undefined
        ? ["-m", options.model, "--enforce", "--on-violation", options.policy ?? "deny"]
        : [];
    return this.command(["run", "--name", name, ...model, "--", ...command], options);
  }

  /** Runs a command in a mode; it has to end with status 0, which a violation is not unless it may happen. */
  async run(
    mode: Mode,
    name: string,
    command: readonly string[],
    options: GalgoOptions & { readonly model?: string; readonly mayViolate?: boolean } = {},
  ): Promise<Ran & { readonly facts: RunFacts | undefined }> {
    const argv = this.modeCommand(mode, name, command, options);
    const ran = await this.#lab.run(argv, { ...options, env: { ...this.env, ...options.env } });
    const violated = ran.status === VIOLATED && options.mayViolate === true;
    if (ran.status !== 0 && !violated) throw new Error(failure(argv, ran));
    return { ...ran, facts: mode === "native" ? undefined : this.facts(name) };
  }

  /** Facts of the latest run of a name, from its run.json. */
  facts(name: string): RunFacts {
    const { counts, latency, fidelity } = this.#outcome(name);
    const { events, lost, points, violations, refused } = counts;
    const { medianUs, p99Us } = latency;
    const features = fidelity?.features ?? [];
    return { events, lost, points, violations, refused, medianUs, p99Us, features };
  }

  #outcome(name: string): Outcome {
    const file = join(this.state, name, "latest", "run.json");
    const { outcome } = JSON.parse(readFileSync(file, "utf8")) as { outcome?: Outcome };
    if (outcome === undefined) throw new Error(`${file}: the run has no outcome`);
    return outcome;
  }
}

let checked = false;

/** Builds when the sources are newer than dist. */
export function built(): void {
  if (checked) return;
  checked = true;
  if (process.env["GALGO_BENCH_CLI"] === undefined) {
    const { status } = spawnSync(join(ROOT, "galgo"), ["--version"], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    if (status !== 0) throw new Error("galgo --version failed: nothing to measure");
  }
  if (!existsSync(CLI)) throw new Error(`${CLI} does not exist: npm run build`);
}
