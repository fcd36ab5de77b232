// SPDX-License-Identifier: Apache-2.0
// What placing the agent's thread and the workload buys: programs/held.c under one learned model, placed in three ways.
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { bench } from "./lib/bench.ts";
import { Galgo } from "./lib/galgo.ts";
import { type HeldRun, heldFolder } from "./lib/held.ts";
import { Lab, type Ran, failure, finished } from "./lib/lab.ts";
import type { BenchOutcome, BenchTable } from "./lib/result.ts";
import { median, times, us } from "./lib/stats.ts";

const ROUNDS = 5;
const WARM_UP = 1_500;
/** Back to back, and with computation between two calls: then the core of whoever waits is asleep. */
const PACES = [
  { samples: 4_000, gapUs: 0 },
  { samples: 1_000, gapUs: 300 },
] as const;
const CASES = ["open", "relative", "fifo", "unix"] as const;
/** The CPU that everything is pinned to: not the first, which gets most interrupts. */
const CPU: string = String(availableParallelism() - 1);
/** How a thread shows that it waits for a held call: ioctl number of SECCOMP_IOCTL_NOTIF_RECV. */
const RECEIVING = "0xc0502100";

interface Way {
  readonly label: string;
  readonly prefix?: readonly string[];
  readonly inside?: readonly string[];
  readonly pinAgent?: boolean;
}

const WAYS: readonly Way[] = [
  { label: "left to the kernel (default)" },
  {
    label: "agent thread and workload pinned to one CPU",
    inside: ["taskset", "-c", CPU],
    pinAgent: true,
  },
  { label: "all of Galgo and workload pinned to one CPU", prefix: ["taskset", "-c", CPU] },
];

async function measure(): Promise<BenchOutcome> {
  if (availableParallelism() < 2) return { tables: [], notes: ["one CPU: nothing to place"] };
  const lab = new Lab("placement");
  const galgo = new Galgo(lab);
  const folder = heldFolder(lab);
  const program = [lab.program("held"), folder];
  const small = [...program, "20", "1", "0", ...CASES];
  const models = new Map<Way, string>();
  for (const [index, way] of WAYS.entries()) {
    const command = [...(way.inside ?? []), ...small];
    models.set(way, await galgo.learn(`placement-${index}`, command));
  }
  const runs = PACES.map(() => new Map<Way, HeldRun[]>(WAYS.map((way) => [way, []])));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, { samples, gapUs }] of PACES.entries()) {
      for (const way of WAYS) {
        const numbers = [samples, WARM_UP, gapUs].map(String);
        const command = [...program, ...numbers, ...CASES];
        const ran = await runOnce(lab, galgo, { way, command, model: models.get(way) ?? "" });
        runs[index]?.get(way)?.push(JSON.parse(ran.stdout) as HeldRun);
      }
    }
  }
  lab.close();
  return { tables: runs.map((ofPace, index) => table(PACES[index]?.gapUs ?? 0, ofPace)) };
}

interface Order {
  readonly way: Way;
  readonly command: readonly string[];
  readonly model: string;
}

async function runOnce(lab: Lab, galgo: Galgo, { way, command, model }: Order): Promise<Ran> {
  const argv = galgo.modeCommand("enforce", "placement", [...(way.inside ?? []), ...command], {
    model,
    ...(way.prefix === undefined ? {} : { prefix: way.prefix }),
  });
  const child = lab.start(argv, {
    stdio: ["ignore", "pipe", "pipe"],
    env: galgo.env,
  });
  const end = finished(child, process.hrtime.bigint(), 120_000);
  if (way.pinAgent === true && child.pid !== undefined) await pinAgent(lab, child.pid);
  const ran = await end;
  if (ran.status !== 0) throw new Error(failure(argv, ran));
  return ran;
}

/** Pins the thread of process `pid` that receives held calls; the workload's warm-up is still going on. */
async function pinAgent(lab: Lab, pid: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    for (const tid of readdirSync(`/proc/${pid}/task`)) {
      if (!readFileSync(`/proc/${pid}/task/${tid}/syscall`, "utf8").includes(RECEIVING)) continue;
      await lab.succeed(["taskset", "-pc", CPU, tid]);
      return;
    }
    await delay(2);
  }
  throw new Error(`no thread of process ${pid} ever waited for a held call`);
}

function table(gapUs: number, runs: ReadonlyMap<Way, readonly HeldRun[]>): BenchTable {
  const rows: string[][] = [];
  for (const [way, measured] of runs) {
    const over = (name: string, quantile: "p50" | "p99"): number =>
      median(measured.map((run) => run[name]?.[quantile] ?? Number.NaN));
    const pipe = over("pipe", "p50");
    const cells = CASES.map((name) => `${us(over(name, "p50"))} / ${us(over(name, "p99"))}`);
    rows.push([way.label, us(pipe), ...cells, times(over("open", "p50") / pipe)]);
  }
  const pace = gapUs === 0 ? "back to back" : `${gapUs} us of computation before each`;
  return {
    title: `p50 / p99 of a held call, ${pace} (us, median of ${ROUNDS} enforcing runs)`,
    columns: [
      "placement",
      "pipe p50",
      "open, injected",
      "relative, injected",
      "FIFO, CONTINUE",
      "connect, CONTINUE",
      "open / pipe",
    ],
    rows,
  };
}

await bench("placement", measure);
