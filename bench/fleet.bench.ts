// SPDX-License-Identifier: Apache-2.0
// A fleet of simulated hosts over the real protocol, on PostgreSQL: what it costs when nothing is new, how soon a violation is seen, how soon commands
// are carried out, how it comes back, and what is left of it when parts of it are killed. GALGO_BENCH_HOSTS=100 tries it out.
import { bench } from "./lib/bench.ts";
import type { BenchOutcome, BenchTable } from "./lib/result.ts";
import { digits, highest, quantile } from "./lib/stats.ts";
import { command, quiet, type Quiet, type Seen, seen, storm } from "./fleet/measures.ts";
import { Site } from "./fleet/site.ts";
import { isSame, wordsOf } from "./fleet/ledger.ts";

const HOSTS = Number(process.env["GALGO_BENCH_HOSTS"] ?? 6_000);
const QUIET_S = Number(process.env["GALGO_BENCH_QUIET_S"] ?? 60);
const LOAD = { violations: 50, deployments: 5, seconds: 30 };
const MEMORY_BUDGET = 1_024;
const SEEN_BUDGET_MS = 250;
const COMMAND_BUDGET_MS = 10_000;
const STORM_BUDGET_MS = 60_000;
const SETTLE_MS = 120_000;

type Rows = (readonly string[])[];

async function measure(): Promise<BenchOutcome> {
  const site = await Site.open({ hosts: HOSTS, engine: "postgres", ...profiled() });
  try {
    return await measured(site);
  } finally {
    await site.close();
  }
}

/** GALGO_BENCH_PROFILE=FOLDER: profiles of the server are left there. */
function profiled(): { readonly nodeArgs?: readonly string[] } {
  const folder = process.env["GALGO_BENCH_PROFILE"];
  return folder === undefined ? {} : { nodeArgs: ["--cpu-prof", `--cpu-prof-dir=${folder}`] };
}

async function measured(site: Site): Promise<BenchOutcome> {
  const steps: Rows = [];
  const step = (what: string, ms: number): void => {
    steps.push([what, digits(ms / 1_000)]);
    console.error(`${what}: ${digits(ms / 1_000)} s`);
  };
  let began = performance.now();
  const lap = (): number => {
    const took = performance.now() - began;
    began = performance.now();
    return took;
  };
  await site.crowd.join({ url: site.access.url, ca: site.access.ca, token: await site.token() });
  step(`${HOSTS} hosts enrol, each with a key of its own`, lap());
  await site.crowd.order({ do: "connect", overMs: HOSTS * 3 });
  step("all connect and tell their workloads, spread over 3 ms each", lap());
  await site.settled(SETTLE_MS);
  step("until all of it is committed", lap());
  const still = await quiet(site, QUIET_S);
  console.error(still);
  const busy = await seen(site, LOAD);
  await site.settled(SETTLE_MS);
  console.error(quantile(busy.ms, 0.5), quantile(busy.ms, 0.99), busy.unseen);
  const all = await command(site, "table", { all: true });
  const kill = await command(site, "kill", { names: ["memcached"] });
  await site.settled(SETTLE_MS);
  const back = await storm(site);
  await site.settled(SETTLE_MS);
  const difference = await site.compare();
  const { workloads } = await site.report();
  return {
    tables: [
      { title: "from nothing", columns: ["what", "s"], rows: steps },
      partsTable(site, still, busy, workloads),
      latencyTable(busy),
      {
        title: "commands: ordered over the API (ms)",
        columns: [
          "command",
          "hosts meant",
          "until the last host has it",
          "until all results are stored",
        ],
        rows: [
          ["table, to all hosts", ...commandCells(all)],
          ["kill, one service on all hosts that run it", ...commandCells(kill)],
        ],
      },
    ],
    verdicts: [
      {
        what: "memory of the server, nats-server and PostgreSQL at their peaks",
        budget: `<= ${MEMORY_BUDGET} MiB`,
        measured: `${digits(central(site))} MiB`,
        met: central(site) <= MEMORY_BUDGET,
      },
      {
        what: "violation on a host to the stream of a console, p99",
        budget: `<= ${SEEN_BUDGET_MS} ms`,
        measured: `${digits(quantile(busy.ms, 0.99))} ms`,
        met: quantile(busy.ms, 0.99) <= SEEN_BUDGET_MS && busy.unseen === 0,
      },
      {
        what: "kill, from the order until all hosts have answered",
        budget: `<= ${COMMAND_BUDGET_MS / 1_000} s`,
        measured: `${digits(kill.answeredMs / 1_000)} s`,
        met: kill.answeredMs <= COMMAND_BUDGET_MS,
      },
      {
        what: `server and bus killed: until all ${HOSTS} hosts are back, from the restart`,
        budget: `<= ${STORM_BUDGET_MS / 1_000} s`,
        measured: `${digits(back.backMs / 1_000)} s`,
        met: back.backMs <= STORM_BUDGET_MS,
      },
      {
        what: "what the hosts told against what is in the database, after that",
        budget: "nothing lost, nothing twice",
        measured: wordsOf(difference),
        met: isSame(difference),
      },
    ],
    notes: [
      `${HOSTS} hosts with ${workloads} workloads; hosts, server, nats-server and PostgreSQL share the processors of this machine`,
      `bytes of one host in an hour when nothing is new, as TCP counts them with TLS: ${digits(still.traffic.up)} up, ${digits(still.traffic.down)} down`,
      `under load: ${LOAD.violations} violations and ${LOAD.deployments} deployments a second for ${LOAD.seconds} s`,
    ],
  };
}

const CENTRAL = ["server", "nats-server", "postgres"] as const;

function central(site: Site): number {
  return CENTRAL.reduce((sum, name) => sum + (site.meter.peaks.get(name) ?? 0), 0);
}

function partsTable(site: Site, still: Quiet, busy: Seen, workloads: number): BenchTable {
  const rows = [...still.parts].map(([name, { cpu, memory }]) => [
    name,
    digits(cpu),
    digits(busy.parts.get(name)?.cpu ?? Number.NaN),
    digits(memory),
    digits(site.meter.peaks.get(name) ?? Number.NaN),
  ]);
  return {
    title: `${HOSTS} hosts, ${workloads} workloads: a heartbeat of each host every 10 s`,
    columns: [
      "part",
      "CPU, % of one",
      "CPU under load, %",
      "memory, MiB",
      "memory at its peak, MiB",
    ],
    rows,
  };
}

function latencyTable({ ms, unseen }: Seen): BenchTable {
  return {
    title: "violation on a host to the stream of a console (ms)",
    columns: ["violations", "not seen", "p50", "p99", "max"],
    rows: [
      [
        String(ms.length),
        String(unseen),
        digits(quantile(ms, 0.5)),
        digits(quantile(ms, 0.99)),
        digits(highest(ms)),
      ],
    ],
  };
}

function commandCells({
  hosts,
  arrivedMs,
  answeredMs,
}: Awaited<ReturnType<typeof command>>): string[] {
  return [String(hosts), digits(arrivedMs), digits(answeredMs)];
}

await bench("fleet", measure);
