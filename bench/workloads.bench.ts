// SPDX-License-Identifier: Apache-2.0
// Whole workloads, native and modeled in turns: make, npm ci, a Node program with many modules, git, a Node HTTP server.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { bench } from "./lib/bench.ts";
import { Galgo, type Mode, type RunFacts } from "./lib/galgo.ts";
import { request, requestsPerSecond } from "./lib/http-load.ts";
import { Lab, failure, finished } from "./lib/lab.ts";
import {
  type Project,
  gitProject,
  makeProject,
  modulesProject,
  npmProject,
} from "./lib/projects.ts";
import type { BenchOutcome, BenchTable, Verdict } from "./lib/result.ts";
import { digits, median, times, withRange } from "./lib/stats.ts";

const ROUNDS = 7;
const LEARN_RUNS = 3;
const MODES: readonly Mode[] = ["native", "free", "enforce"];
const SERVER: string = resolve(import.meta.dirname, "programs/http-server.mjs");
const LOAD_MS = 3_000;
const CONNECTIONS = 16;

/** GALGO_BENCH_ONLY=make,git runs only these. */
const ONLY: string = process.env["GALGO_BENCH_ONLY"] ?? "";

function chosen(name: string): boolean {
  return ONLY === "" || ONLY.split(",").includes(name);
}

interface Workload {
  readonly name: string;
  readonly label: string;
  /** Wall ratio, enforcing, inside. */
  readonly budget?: number;
  readonly project: Project;
}

interface Timed {
  /** As the workload sees it (ms). */
  readonly inside: number;
  /** The complete command (ms). */
  readonly whole: number;
  readonly facts: RunFacts | undefined;
}

async function measure(): Promise<BenchOutcome> {
  const lab = new Lab("workloads");
  const galgo = new Galgo(lab);
  const workloads: Workload[] = [
    { name: "make", label: "make -j2, 31 C files", budget: 2.2, project: makeProject(lab, 30) },
    { name: "npm", label: "npm ci --offline", budget: 1.15, project: npmProject(lab) },
    {
      name: "modules",
      label: "node, 950 modules",
      budget: 1.25,
      project: modulesProject(lab, 950),
    },
    { name: "git", label: "git status && git log --stat", project: gitProject(lab, 400, 100) },
  ];
  const rows: string[][] = [];
  const verdicts: Verdict[] = [];
  const notes: string[] = [];
  for (const workload of workloads) {
    if (!chosen(workload.name)) continue;
    const measured = await measureWorkload(lab, galgo, workload);
    rows.push(...rowsOf(workload, measured));
    if (workload.budget !== undefined) verdicts.push(verdictOf(workload, measured));
    notes.push(...notesOf(workload, measured));
  }
  const server = chosen("server") ? await measureServer(lab, galgo) : { tables: [], verdicts: [] };
  lab.close();
  const wall: BenchTable = {
    title: `wall time (median of ${ROUNDS} rounds; ratio to the native run of the same round, with its range)`,
    columns: [
      "workload",
      "mode",
      "inside, ms",
      "ratio inside",
      "whole, ms",
      "ratio whole",
      "events",
      "points",
      "lost",
    ],
    rows,
  };
  return { tables: [wall, ...server.tables], verdicts: [...verdicts, ...server.verdicts], notes };
}

type Measured = Readonly<Record<Mode, readonly Timed[]>>;

async function measureWorkload(lab: Lab, galgo: Galgo, workload: Workload): Promise<Measured> {
  const { name, project } = workload;
  const { cwd, reset = "" } = project;
  const env = { ...process.env, ...project.env };
  const output = join(lab.folder, `${name}.ns`);
  const command = [lab.program("timed"), output, reset, ...project.command];
  writeFileSync(output, "");
  await lab.succeed(command, { cwd, env }); // the page cache is warm for everybody
  const model = await galgo.learn(name, command, { cwd, env, runs: LEARN_RUNS });
  const measured: Record<Mode, Timed[]> = { native: [], free: [], enforce: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const mode of MODES) {
      // done here, so that it is nothing but a shell in the run
      await lab.succeed(["sh", "-c", reset], { cwd });
      writeFileSync(output, ""); // there from the start, as it was when the workload was learned
      const ran = await galgo.run(mode, name, command, { model, cwd, env, mayViolate: true });
      const ns = readFileSync(output, "utf8");
      // a workload that was refused something may not have come so far
      const inside = ns === "" ? Number.NaN : Number(ns) / 1e6;
      measured[mode].push({ inside, whole: ran.ms, facts: ran.facts });
    }
  }
  return measured;
}

function ratios(measured: Measured, mode: Mode, part: "inside" | "whole"): number[] {
  return measured[mode].map(
    (timed, round) => timed[part] / (measured.native[round]?.[part] ?? Number.NaN),
  );
}

function rowsOf({ label }: Workload, measured: Measured): string[][] {
  return MODES.map((mode) => {
    const runs = measured[mode];
    const of = (part: "inside" | "whole"): string[] => [
      digits(median(runs.map((run) => run[part]))),
      mode === "native" ? "-" : withRange(ratios(measured, mode, part), times),
    ];
    const fact = (name: "events" | "points" | "lost"): string =>
      mode === "native" ? "-" : digits(median(runs.map(({ facts }) => facts?.[name] ?? 0)));
    const words = { native: "native", free: "free", enforce: "enforcing" };
    const facts = [fact("events"), fact("points"), fact("lost")];
    return [label, words[mode], ...of("inside"), ...of("whole"), ...facts];
  });
}

function verdictOf({ label, budget = 0 }: Workload, measured: Measured): Verdict {
  const ratio = median(ratios(measured, "enforce", "inside"));
  return {
    what: `${label}, enforcing, wall ratio without start-up`,
    budget: `<= ${budget}x`,
    measured: times(ratio),
    met: ratio <= budget,
  };
}

/** What makes a row less than it seems: violations of a model that was learned from the same thing, lost events. */
function notesOf({ label }: Workload, measured: Measured): string[] {
  const violations = measured.enforce.map(({ facts }) => facts?.violations ?? 0);
  const lost = [...measured.free, ...measured.enforce].some(({ facts }) => facts?.lost !== 0);
  return [
    ...(violations.some((count) => count > 0)
      ? [`${label}: the enforcing runs had ${violations.join(", ")} violations of their model`]
      : []),
    ...(lost ? [`${label}: events were lost`] : []),
  ];
}

/** Requests per second of a Node server, load from outside the workload. */
async function measureServer(lab: Lab, galgo: Galgo): Promise<ServerResult> {
  const shapes = [
    { label: "keep-alive connections", reconnect: false, budget: 1.05 },
    { label: "a connection for each request", reconnect: true, budget: undefined },
  ];
  const site: ServerSite = { lab, galgo, portFile: join(lab.folder, "port"), model: "" };
  const model = await learnServer(site);
  const rows: string[][] = [];
  const verdicts: Verdict[] = [];
  for (const { label, reconnect, budget } of shapes) {
    const rates: Record<Mode, number[]> = { native: [], free: [], enforce: [] };
    for (let round = 0; round < ROUNDS; round++)
      for (const mode of MODES)
        rates[mode].push(await serve({ ...site, model }, mode, { reconnect, ms: LOAD_MS }));
    const slower = (mode: Mode): number[] =>
      rates[mode].map((rate, round) => (rates.native[round] ?? Number.NaN) / rate);
    const lost = galgo.facts("server").lost;
    rows.push([
      label,
      digits(median(rates.native)),
      digits(median(rates.free)),
      digits(median(rates.enforce)),
      withRange(slower("free"), times),
      withRange(slower("enforce"), times),
      String(lost),
    ]);
    if (budget === undefined) continue;
    const ratio = median(slower("enforce"));
    verdicts.push({
      what: `node HTTP server, ${label}, enforcing, native / modeled requests per second`,
      budget: `<= ${budget}x`,
      measured: times(ratio),
      met: ratio <= budget,
    });
  }
  const columns = [
    "load",
    "native",
    "free",
    "enforcing",
    "native / free",
    "native / enforcing",
    "lost",
  ];
  const title = `Node HTTP server, requests per second over ${CONNECTIONS} connections (median of ${ROUNDS} rounds of ${LOAD_MS / 1_000} s)`;
  return { tables: [{ title, columns, rows }], verdicts };
}

interface ServerResult {
  readonly tables: readonly BenchTable[];
  readonly verdicts: readonly Verdict[];
}

interface ServerSite {
  readonly lab: Lab;
  readonly galgo: Galgo;
  readonly portFile: string;
  readonly model: string;
}

async function learnServer(site: ServerSite): Promise<string> {
  const { lab, galgo, portFile } = site;
  const model = join(lab.sub("models"), "server.galgo.json");
  const args = ["learn", "--name", "server", "-o", model, "--", process.execPath, SERVER, portFile];
  await underLoad(site, galgo.command(args), async (port) => {
    for (const reconnect of [false, true])
      await requestsPerSecond({ port, connections: CONNECTIONS, ms: 500, reconnect });
  });
  return model;
}

async function serve(
  site: ServerSite,
  mode: Mode,
  { reconnect, ms }: { reconnect: boolean; ms: number },
): Promise<number> {
  const command = [process.execPath, SERVER, site.portFile];
  const argv = site.galgo.modeCommand(mode, "server", command, { model: site.model });
  let rate = Number.NaN;
  await underLoad(site, argv, async (port) => {
    const load = { port, connections: CONNECTIONS, reconnect };
    await requestsPerSecond({ ...load, ms: ms / 6 }); // both sides warm up
    rate = await requestsPerSecond({ ...load, ms });
  });
  return rate;
}

/** Starts a server, loads it, ends it by a request. */
async function underLoad(
  { lab, galgo, portFile }: ServerSite,
  argv: readonly string[],
  work: (port: number) => Promise<void>,
): Promise<void> {
  rmSync(portFile, { force: true });
  const child = lab.start(argv, { stdio: ["ignore", "pipe", "pipe"], env: galgo.env });
  const end = finished(child, process.hrtime.bigint(), 120_000);
  let ended = false;
  void end.finally(() => {
    ended = true;
  });
  while (!ended && !(existsSync(portFile) && readFileSync(portFile, "utf8") !== "")) await delay(5);
  let broken: unknown;
  if (!ended) {
    const port = Number(readFileSync(portFile, "utf8"));
    try {
      await work(port);
      await request(port, "/quit");
    } catch (error) {
      broken = error;
      child.kill("SIGTERM");
    }
  }
  const ran = await end;
  if (ran.status !== 0 || broken !== undefined)
    throw new Error(failure(argv, ran), { cause: broken });
}

await bench("workloads", measure);
