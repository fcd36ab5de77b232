// SPDX-License-Identifier: Apache-2.0
// Many workloads of one daemon: how long their calls are held, what processor time and memory the daemon takes, and how long they outlive it
// when it is killed.
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { WorkloadStatus } from "../src/daemon/api/types.ts";
import { bench } from "./lib/bench.ts";
import { BenchDaemon, between, quantileOf, STARTER, until } from "./lib/daemon.ts";
import { Galgo } from "./lib/galgo.ts";
import { Lab } from "./lib/lab.ts";
import type { BenchOutcome, Verdict } from "./lib/result.ts";
import { digits, highest, median, times, us } from "./lib/stats.ts";

/** GALGO_BENCH_WORKLOADS=20 tries it out. */
const WORKLOADS = Number(process.env["GALGO_BENCH_WORKLOADS"] ?? 200);
const PAUSE_MS = 100;
const WARM_UP_S = 10;
const WINDOW_S = 20;
const STARTS_AT_ONCE = 4;
const RSS_BUDGET = 300;
const EACH_BUDGET = 1;
const LEFT_BUDGET_MS = 2_000;

interface Summary {
  readonly n: number;
  readonly p50: number;
  readonly p99: number;
}

interface LoopRun {
  readonly open: Summary;
  readonly program: Summary;
}

interface Site {
  readonly lab: Lab;
  readonly model: string;
  readonly program: string;
  readonly file: string;
}

interface Measured {
  readonly count: number;
  /** From the first start until all run (ms). */
  readonly startedMs: number;
  readonly decisions: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Of one processor (%). */
  readonly cpu: number;
  readonly rss: number;
  readonly own: number;
  readonly runs: readonly LoopRun[];
}

async function measure(): Promise<BenchOutcome> {
  const lab = new Lab("daemon");
  const galgo = new Galgo(lab);
  const program = lab.program("looping");
  const file = lab.write("file", "x");
  const model = await galgo.learn("looping", [program, "5", "0", file, "50"], { runs: 2 });
  const site = { lab, model, program, file };
  const alone = await runAlone(site);
  const idle = await BenchDaemon.start(lab, "daemon");
  await delay(2_000);
  const empty = idle.memory();
  const one = await measureMany(site, idle, 1);
  const many = await measureMany(site, idle, WORKLOADS);
  await idle.stop();
  const killed = await kill(site);
  lab.close();
  const each = (many.rss - empty.rss) / WORKLOADS;
  return {
    tables: [
      {
        title: `workloads of one daemon, enforcing; each opens ${2_000 / PAUSE_MS} files and runs one program a second`,
        columns: [
          "workloads",
          "all run after, s",
          "held calls a second",
          "decision, taken to answered, p50 / p99, us",
          "open in the workload, called to returned, p50 / p99, us",
          "open, times without Galgo",
          "program in the workload p50 / p99, ms",
          "program, times without Galgo",
          "CPU of the daemon, % of one",
          "RSS, MiB",
          "anonymous, MiB",
        ],
        rows: [
          ["1, without Galgo", "-", "-", "-", ...own([alone], alone), "-", "-", "-"],
          ["0", ...Array<string>(7).fill("-"), "-", digits(empty.rss), digits(empty.own)],
          row(one, alone),
          row(many, alone),
        ],
      },
    ],
    verdicts: [...verdicts(many, each), killed],
    notes: [
      `decisions are of the ${WINDOW_S} s after a warm-up of ${WARM_UP_S} s, out of the daemon's own histogram (four steps of a factor of 2^(1/4) are one there: quantiles are interpolated)`,
      "a decision is counted from the moment a thread of the daemon takes the call: a call that waits because the thread decides for others, or has no processor, is not in these times; it is in those of the workloads, which they measure themselves",
      `opens and programs: each workload has a p50 and a p99 of its own, told is the median over the workloads; the largest p99 of any of ${WORKLOADS}: open ${worst(many, "open", 1)} us, program ${worst(many, "program", 1_000)} ms; times without Galgo: of the same loop, alone on this machine`,
    ],
  };
}

async function measureMany(site: Site, daemon: BenchDaemon, count: number): Promise<Measured> {
  const from = performance.now();
  const runs = await start(site, daemon, count);
  const started = await daemon.running(count);
  const startedMs = performance.now() - from;
  await delay(WARM_UP_S * 1_000);
  const [before, cpu, begin] = [await daemon.decisions(), daemon.cpu(), performance.now()];
  await delay(WINDOW_S * 1_000);
  const [after, seconds] = [await daemon.decisions(), (performance.now() - begin) / 1_000];
  const busy = (daemon.cpu() - cpu) / seconds;
  const { rss, own } = daemon.memory();
  const lost = (await daemon.client.workloads()).filter(
    ({ counts }) => counts.lost + counts.violations > 0,
  );
  if (lost.length > 0) throw new Error(`${lost.length} workloads were violated or lost events`);
  end(started);
  const said = await Promise.all(runs.map(({ said }) => said));
  const buckets = between(before, after);
  const decisions = [...buckets.values()].reduce((sum, number) => sum + number, 0) / seconds;
  const [p50Us, p99Us] = [quantileOf(buckets, 0.5), quantileOf(buckets, 0.99)];
  return { count, startedMs, decisions, p50Us, p99Us, cpu: 100 * busy, rss, own, runs: said };
}

/** The same loop, with nobody to ask. */
async function runAlone({ lab, program, file }: Site): Promise<LoopRun> {
  const rounds = ((WARM_UP_S + WINDOW_S) * 1_000) / PAUSE_MS;
  const command = [program, String(PAUSE_MS), String(WARM_UP_S), file, String(rounds)];
  return JSON.parse((await lab.succeed(command)).stdout) as LoopRun;
}

interface Started {
  readonly said: Promise<LoopRun>;
}

async function start(site: Site, daemon: BenchDaemon, count: number): Promise<Started[]> {
  const { lab, model, program, file } = site;
  const started: Started[] = [];
  for (let number = 0; number < count; number += 1) {
    const out = join(lab.folder, `out-${number}`);
    const fd = openSync(out, "w");
    const warmUp = String(WARM_UP_S);
    const command = [STARTER, "run", "-m", model, "--enforce", "--name", `loop-${number}`, "--"];
    const argv = [...command, program, String(PAUSE_MS), warmUp, file];
    const child = lab.start(argv, { env: daemon.env, stdio: ["ignore", fd, "inherit"] });
    closeSync(fd);
    const said = new Promise<LoopRun>((done, fail) => {
      child.once("exit", (code) => {
        if (code === 0) done(JSON.parse(readFileSync(out, "utf8")) as LoopRun);
        else fail(new Error(`workload ${number} ended with ${code}`));
      });
    });
    said.catch(() => undefined);
    started.push({ said });
    if (number % STARTS_AT_ONCE === STARTS_AT_ONCE - 1) await daemon.running(number + 1);
  }
  return started;
}

function end(workloads: readonly WorkloadStatus[]): void {
  for (const { origin } of workloads) if ("pid" in origin) process.kill(origin.pid, "SIGTERM");
}

/** kill -9 of the daemon under that load. */
async function kill(site: Site): Promise<Verdict> {
  const daemon = await BenchDaemon.start(site.lab, "killed");
  await start(site, daemon, WORKLOADS);
  await daemon.running(WORKLOADS);
  await delay(2_000);
  if (loops(site.program).length < WORKLOADS) throw new Error("not all workloads run");
  const from = performance.now();
  await daemon.kill();
  await until("no workload is left", async () => loops(site.program).length === 0);
  const leftMs = performance.now() - from;
  await daemon.restart();
  const failed = readdirSync(join(site.lab.folder, "killed/state")).filter((name) => {
    if (!name.startsWith("loop-")) return false;
    const record = readFileSync(join(site.lab.folder, "killed/state", name, "latest/run.json"));
    return /"status":\s*"failed"/.test(String(record));
  });
  await daemon.stop();
  return {
    what: `kill -9 of the daemon under ${WORKLOADS} workloads: until none of them is left, and runs whose record says so afterwards`,
    budget: `<= ${LEFT_BUDGET_MS / 1_000} s, all`,
    measured: `${digits(leftMs / 1_000)} s, ${failed.length}`,
    met: leftMs <= LEFT_BUDGET_MS && failed.length === WORKLOADS,
  };
}

/** Processes that run the program, whatever their parent is. */
function loops(program: string): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && runs(pid, program));
}

function runs(pid: number, program: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith(`${program}\0`);
  } catch {
    return false;
  }
}

/** What the workloads themselves have measured: opens (us), programs (ms), and how many times that is of the loop alone. */
function own(runs: readonly LoopRun[], alone: LoopRun): string[] {
  const of = (
    what: keyof LoopRun,
    write: (quantile: "p50" | "p99", ns: number) => string,
  ): string =>
    (["p50", "p99"] as const)
      .map((quantile) => write(quantile, median(runs.map((run) => run[what][quantile]))))
      .join(" / ");
  const ratio = (what: keyof LoopRun): string =>
    of(what, (quantile, ns) => times(ns / alone[what][quantile]));
  return [
    of("open", (_, ns) => us(ns)),
    ratio("open"),
    of("program", (_, ns) => us(ns / 1_000)),
    ratio("program"),
  ];
}

function worst({ runs }: Measured, what: keyof LoopRun, divisor: number): string {
  return us(highest(runs.map((run) => run[what].p99)) / divisor);
}

function row(measured: Measured, alone: LoopRun): string[] {
  const { count, startedMs, decisions, p50Us, p99Us, cpu, rss, own: anonymous, runs } = measured;
  return [
    String(count),
    digits(startedMs / 1_000),
    digits(decisions),
    `${digits(p50Us)} / ${digits(p99Us)}`,
    ...own(runs, alone),
    digits(cpu),
    digits(rss),
    digits(anonymous),
  ];
}

function verdicts({ rss, count }: Measured, each: number): Verdict[] {
  return [
    {
      what: `memory of a daemon with ${count} workloads (RSS)`,
      budget: `<= ${RSS_BUDGET} MiB`,
      measured: `${digits(rss)} MiB`,
      met: rss <= RSS_BUDGET,
    },
    {
      what: "memory of the daemon for each workload",
      budget: `<= ${EACH_BUDGET} MiB`,
      measured: `${digits(each)} MiB`,
      met: each <= EACH_BUDGET,
    },
  ];
}

await bench("daemon", measure);
