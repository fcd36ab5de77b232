// SPDX-License-Identifier: Apache-2.0
// What Galgo adds to a command that does nothing, where that time goes, and how much memory Galgo takes.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { bench } from "./lib/bench.ts";
import { CLI, Galgo, type Mode } from "./lib/galgo.ts";
import { Lab, finished } from "./lib/lab.ts";
import type { BenchOutcome, BenchTable, Verdict } from "./lib/result.ts";
import { digits, median, withRange } from "./lib/stats.ts";

const ROUNDS = 21;
const BUDGET_MS = 150;
const MEMORY_ROUNDS = 5;
const ENFORCING = "node dist/galgo.cjs run, enforcing";
/** What a user calls. */
const STARTED = "./galgo run, enforcing";
const CERTIFICATES_NOTE =
  "NODE_EXTRA_CA_CERTS is set on this machine: Node reads the certificates that it names at every start, before it reads a program. ./galgo spares its own Node that";
/** The same where a daemon runs. */
const SERVED = "./galgo run, enforcing, by a daemon";
const SERVED_BUDGET_MS = 20;
const POLL_MS = 20;
const DAEMON_MS = 30_000;
const STARTER: string = resolve(import.meta.dirname, "../galgo");

interface Start {
  /** Spawn to exit (ms). */
  readonly total: number;
  /** Spawn to the workload's first act (ms). */
  readonly before: number;
  /** The workload's first act to Galgo's exit (ms). */
  readonly after: number;
}

async function measure(): Promise<BenchOutcome> {
  const lab = new Lab("startup");
  const galgo = new Galgo(lab);
  const stamp = lab.program("stamp");
  const model = await galgo.learn("startup", [stamp]);
  const commands: Record<string, string[]> = {
    native: [stamp],
    "Node alone (node -e 0)": [process.execPath, "-e", "0"],
    "node dist/galgo.cjs --version": galgo.command(["--version"]),
    "node dist/galgo.cjs run, free": galgo.modeCommand("free", "startup", [stamp]),
    [ENFORCING]: galgo.modeCommand("enforce", "startup", [stamp], { model }),
  };
  if (CLI.startsWith(resolve(STARTER, "..")))
    commands[STARTED] = [STARTER, ...(commands[ENFORCING]?.slice(2) ?? [])];
  const daemon = commands[STARTED] === undefined ? undefined : await startDaemon(lab, galgo);
  if (daemon !== undefined) commands[SERVED] = commands[STARTED] ?? [];
  const starts = new Map<string, Start[]>(Object.keys(commands).map((label) => [label, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [label, command] of Object.entries(commands)) {
      const served = { ...galgo.env, GALGO_RUN_DIR: daemon, GALGO_DEBUG: "1" };
      const env = label === SERVED ? served : galgo.env;
      starts.get(label)?.push(await once(lab, command, env));
    }
  }
  const memory = await memoryTable(lab, galgo);
  lab.close();
  const notes = galgo.env["NODE_EXTRA_CA_CERTS"] === undefined ? [] : [CERTIFICATES_NOTE];
  return { tables: [startTable(starts), memory], verdicts: verdicts(starts), notes };
}

/** A daemon that ends with the lab. @returns its directory */
async function startDaemon(lab: Lab, galgo: Galgo): Promise<string> {
  const directory = lab.sub("run");
  lab.start(galgo.command(["daemon"]), {
    stdio: "ignore",
    env: { ...galgo.env, GALGO_RUN_DIR: directory },
  });
  for (let waited = 0; !existsSync(join(directory, "launch.sock")); waited += POLL_MS) {
    if (waited > DAEMON_MS) throw new Error("the daemon did not start");
    await delay(POLL_MS);
  }
  return directory;
}

async function once(lab: Lab, command: readonly string[], env: NodeJS.ProcessEnv): Promise<Start> {
  // the same clock as clock_gettime(CLOCK_MONOTONIC)
  const from = process.hrtime.bigint();
  const ran = await lab.succeed(command, { env });
  if (ran.stderr.includes("without the daemon")) throw new Error(ran.stderr);
  const reached = /^\d+$/.test(ran.stdout.trim()) ? BigInt(ran.stdout.trim()) : undefined;
  const before = reached === undefined ? Number.NaN : Number(reached - from) / 1e6;
  return { total: ran.ms, before, after: ran.ms - before };
}

function startTable(starts: ReadonlyMap<string, readonly Start[]>): BenchTable {
  const native = median(starts.get("native")?.map(({ total }) => total) ?? []);
  const rows: string[][] = [];
  for (const [label, measured] of starts) {
    const of = (part: keyof Start): number => median(measured.map((start) => start[part]));
    const total = measured.map((start) => start.total);
    const added = label === "native" ? "-" : digits(of("total") - native);
    rows.push([label, withRange(total, digits), added, digits(of("before")), digits(of("after"))]);
  }
  return {
    title: `a program that prints the time (ms, median and range of ${ROUNDS} rounds in turns)`,
    columns: [
      "command",
      "spawn to exit",
      "added",
      "until the program runs",
      "from there to the exit",
    ],
    rows,
  };
}

function verdicts(starts: ReadonlyMap<string, readonly Start[]>): Verdict[] {
  const total = (label: string): number =>
    median(starts.get(label)?.map((start) => start.total) ?? []);
  const verdict = (what: string, label: string, budgetMs: number): Verdict => {
    const added = total(label) - total("native");
    return {
      what,
      budget: `<= ${budgetMs} ms`,
      measured: `${digits(added)} ms`,
      met: added <= budgetMs,
    };
  };
  const alone = starts.has(STARTED) ? STARTED : ENFORCING;
  return [
    verdict("start-up that Galgo adds to a command, enforcing", alone, BUDGET_MS),
    ...(starts.has(SERVED)
      ? [verdict("the same where a daemon runs", SERVED, SERVED_BUDGET_MS)]
      : []),
  ];
}

/** Resident memory of the Galgo process while its workload does nothing, and after 40,000 events. */
async function memoryTable(lab: Lab, galgo: Galgo): Promise<BenchTable> {
  const files = Array.from({ length: 8 }, (_, i) => lab.write(`memory/file${i}`, "x"));
  mkdirSync(lab.sub("memory"), { recursive: true });
  const busy = [lab.program("threads"), "2", "1", "20000", ...files];
  const workloads: [string, string, string[]][] = [
    ["asleep", "sleep", ["sleep", "1"]],
    ["40,000 opens, then asleep", "busy", ["sh", "-c", `"$0" "$@" && sleep 1`, ...busy]],
  ];
  const rows: string[][] = [];
  for (const [label, name, command] of workloads) {
    const model = await galgo.learn(name, command);
    for (const mode of ["free", "enforce"] as const) {
      const measured: Memory[] = [];
      for (let round = 0; round < MEMORY_ROUNDS; round++)
        measured.push(await memoryOf(lab, galgo, { mode, name, command, model }));
      const of = (part: keyof Memory): string => digits(median(measured.map((m) => m[part])));
      rows.push([label, mode === "free" ? "free" : "enforcing", of("rss"), of("peak"), of("own")]);
    }
  }
  const node = await nodeAlone(lab);
  rows.push(["Node alone, asleep", "-", digits(node.rss), digits(node.peak), digits(node.own)]);
  return {
    title: `memory of the Galgo process (MiB, median of ${MEMORY_ROUNDS} runs)`,
    columns: ["workload", "mode", "resident", "peak resident", "of that not shared with files"],
    rows,
  };
}

interface Memory {
  readonly rss: number;
  readonly peak: number;
  readonly own: number;
}

async function memoryOf(
  lab: Lab,
  galgo: Galgo,
  order: { mode: Mode; name: string; command: readonly string[]; model: string },
): Promise<Memory> {
  const argv = galgo.modeCommand(order.mode, order.name, order.command, { model: order.model });
  return sampled(lab, argv, galgo.env);
}

function nodeAlone(lab: Lab): Promise<Memory> {
  return sampled(lab, [process.execPath, "-e", "setTimeout(() => {}, 1000)"], process.env);
}

/** Samples a process every 20 ms and keeps the last reading before its end. */
async function sampled(lab: Lab, argv: readonly string[], env: NodeJS.ProcessEnv): Promise<Memory> {
  const child = lab.start(argv, { stdio: ["ignore", "pipe", "pipe"], env });
  const end = finished(child, process.hrtime.bigint(), 60_000);
  let last: Memory = { rss: 0, peak: 0, own: 0 };
  let ended = false;
  end.then(
    () => {
      ended = true;
    },
    () => {
      ended = true;
    },
  );
  while (!ended) {
    last = readMemory(child.pid ?? 0) ?? last;
    await delay(20);
  }
  const { status, stderr } = await end;
  if (status !== 0) throw new Error(`${argv.join(" ")}: exit status ${status}\n${stderr}`);
  return last;
}

function readMemory(pid: number): Memory | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/status`, "utf8");
    const mib = (field: string): number =>
      Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? Number.NaN) / 1024;
    const rss = mib("VmRSS");
    return Number.isNaN(rss) ? undefined : { rss, peak: mib("VmHWM"), own: mib("RssAnon") };
  } catch {
    return undefined;
  }
}

await bench("startup", measure);
