// SPDX-License-Identifier: Apache-2.0
// What a floor saves: make and git natively, enforced, and enforced above a floor (galgo run --floor), in turns.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bench } from "./lib/bench.ts";
import { Galgo, type RunFacts, VIOLATED } from "./lib/galgo.ts";
import { failure, Lab } from "./lib/lab.ts";
import { gitProject, makeProject, type Project } from "./lib/projects.ts";
import type { BenchOutcome } from "./lib/result.ts";
import { digits, median, times, withRange } from "./lib/stats.ts";

/** GALGO_BENCH_ROUNDS=1 tries it out. */
const ROUNDS = Number(process.env["GALGO_BENCH_ROUNDS"] ?? 7);
const LEARN_RUNS = 3;

/** Options of galgo run; none: not under Galgo. */
const MODES = {
  native: undefined,
  enforcing: ["--enforce"],
  "above a floor": ["--enforce", "--floor"],
} as const;

type FloorMode = keyof typeof MODES;
const NAMES = Object.keys(MODES) as readonly FloorMode[];

interface Timed {
  /** As the workload sees it (ms). */
  readonly inside: number;
  /** The complete command, with the start of Galgo (ms). */
  readonly whole: number;
  readonly facts: RunFacts | undefined;
}

type Measured = Readonly<Record<FloorMode, readonly Timed[]>>;

async function measure(): Promise<BenchOutcome> {
  const lab = new Lab("floor");
  const galgo = new Galgo(lab);
  const workloads: readonly [name: string, label: string, project: Project][] = [
    ["make", "make -j2, 31 C files", makeProject(lab, 30)],
    ["git", "git status && git log --stat", gitProject(lab, 400, 100)],
  ];
  const rows: string[][] = [];
  const notes: string[] = [];
  for (const [name, label, project] of workloads) {
    const measured = await measureOne(lab, galgo, { name, project });
    rows.push(...rowsOf(label, measured));
    const violated = NAMES.flatMap((mode) =>
      measured[mode].map(({ facts }) => facts?.violations ?? 0),
    );
    if (violated.some((count) => count > 0))
      notes.push(`${label}: violations of a model of the same: ${violated.join(", ")}`);
  }
  lab.close();
  const title = `wall time; inside without start-up (median of ${ROUNDS} rounds; ratio to the native run of the same round, with its range)`;
  const columns = ["workload", "mode", "inside, ms", "ratio inside", "whole, ms", "events held"];
  return { tables: [{ title, columns, rows }], notes };
}

/** One workload with its model, ready to be run again and again. */
interface Site {
  readonly lab: Lab;
  readonly galgo: Galgo;
  readonly name: string;
  readonly project: Project;
  readonly model: string;
  /** Where the workload leaves how long it took. */
  readonly output: string;
  readonly command: readonly string[];
}

async function measureOne(
  lab: Lab,
  galgo: Galgo,
  { name, project }: Pick<Site, "name" | "project">,
): Promise<Measured> {
  const { cwd, reset = "" } = project;
  const env = { ...process.env, ...project.env };
  const output = join(lab.folder, `${name}.ns`);
  const command = [lab.program("timed"), output, reset, ...project.command];
  writeFileSync(output, "");
  await lab.succeed(command, { cwd, env }); // the page cache is warm for everybody
  const model = await galgo.learn(name, command, { cwd, env, runs: LEARN_RUNS });
  const site = { lab, galgo, name, project, model, output, command };
  const measured: Record<FloorMode, Timed[]> = { native: [], enforcing: [], "above a floor": [] };
  for (let round = 0; round < ROUNDS; round++)
    for (const mode of NAMES) measured[mode].push(await once(site, MODES[mode]));
  return measured;
}

async function once(site: Site, options: readonly string[] | undefined): Promise<Timed> {
  const { lab, galgo, name, project, model, output, command } = site;
  const { cwd, env, reset = "" } = project;
  await lab.succeed(["sh", "-c", reset], { cwd });
  writeFileSync(output, "");
  const run = ["run", "--name", name, "-m", model, ...(options ?? []), "--", ...command];
  const argv = options === undefined ? command : galgo.command(run);
  const ran = await lab.run(argv, { cwd, env: { ...galgo.env, ...env } });
  if (ran.status !== 0 && ran.status !== VIOLATED) throw new Error(failure(argv, ran));
  const inside = Number(readFileSync(output, "utf8") || Number.NaN) / 1e6;
  return { inside, whole: ran.ms, facts: options === undefined ? undefined : galgo.facts(name) };
}

function rowsOf(label: string, measured: Measured): string[][] {
  return NAMES.map((mode) => {
    const ratios = measured[mode].map(
      ({ inside }, round) => inside / (measured.native[round]?.inside ?? Number.NaN),
    );
    const events = measured[mode].map(({ facts }) => facts?.events ?? 0);
    return [
      label,
      mode,
      digits(median(measured[mode].map(({ inside }) => inside))),
      mode === "native" ? "-" : withRange(ratios, times),
      digits(median(measured[mode].map(({ whole }) => whole))),
      mode === "native" ? "-" : digits(median(events)),
    ];
  });
}

await bench("floor", measure);
