// SPDX-License-Identifier: Apache-2.0
// Fleets of simulated hosts over the real protocol: what they cost when nothing is new, how soon a violation is seen, how soon orders are carried
// out, how they come back, and what is left when parts are killed. GALGO_BENCH_HOSTS=100 tries it out; GALGO_BENCH_PROFILE=FOLDER leaves profiles of
// the servers there; GALGO_BENCH_FLEET=postgres,sqlite,faults chooses.
import { bench } from "./lib/bench.ts";
import type { BenchOutcome, BenchTable, Verdict } from "./lib/result.ts";
import { faults } from "./fleet/faults.ts";
import { command, quiet, seen, storm } from "./fleet/measures.ts";
import { Site, type SiteOptions } from "./fleet/site.ts";
import {
  faultsTable,
  faultsVerdict,
  type FleetFacts,
  fleetTables,
  fleetVerdicts,
} from "./fleet/tables.ts";

const HOSTS = Number(process.env["GALGO_BENCH_HOSTS"] ?? 6_000);
const CHOSEN = (process.env["GALGO_BENCH_FLEET"] ?? "postgres,sqlite,faults").split(",");
const PROFILES = process.env["GALGO_BENCH_PROFILE"];
/** An embedded fleet is a small one; what is killed is killed before fewer eyes, too. */
const FEWER = Math.min(HOSTS, 1_000);
const FAULTY = Math.min(HOSTS, 600);
const QUIET_S = Number(process.env["GALGO_BENCH_QUIET_S"] ?? 60);
const LOAD = { violations: 50, deployments: 5, seconds: 30 };
const FAULTS = {
  perSecond: 50,
  beforeMs: 3_000,
  goneMs: 3_000,
  afterMs: 3_000,
  settleMs: 180_000,
};
/** Hosts that connect in a second at the beginning. */
const CONNECTS = 200;
const SETTLE_MS = 180_000;
/** A service that runs on every tenth host or so. */
const SERVICE = "memcached";

async function measure(): Promise<BenchOutcome> {
  const outcome: { readonly tables: BenchTable[]; readonly verdicts: Verdict[] } = {
    tables: [],
    verdicts: [],
  };
  for (const [engine, hosts] of [
    ["postgres", HOSTS],
    ["sqlite", FEWER],
  ] as const) {
    if (!CHOSEN.includes(engine)) continue;
    const facts = await on({ hosts, engine }, measured);
    outcome.tables.push(...fleetTables(facts));
    outcome.verdicts.push(...fleetVerdicts(facts));
  }
  if (CHOSEN.includes("faults")) {
    const options = { hosts: FAULTY, engine: "postgres", busNodes: 3, servers: 2 } as const;
    const name = `PostgreSQL, 3 nodes of the bus, 2 servers, ${FAULTY} hosts`;
    const found = await on(options, async (site) => {
      await begin(site, () => undefined);
      return faults(site, FAULTS);
    });
    outcome.tables.push(faultsTable(found, name));
    outcome.verdicts.push(faultsVerdict(found, name));
  }
  return { ...outcome, notes: notes() };
}

function notes(): string[] {
  return [
    "hosts, servers, bus and database share the processors of this machine; a simulated host has the spool, the outbox and the connection of the daemon, with its own key and credentials, but its spool is in memory",
    `under load: ${LOAD.violations} violations and ${LOAD.deployments} deployments a second for ${LOAD.seconds} s`,
    `while parts are killed: ${FAULTS.perSecond} violations and as many deployments a second; each part is gone for ${FAULTS.goneMs / 1_000} s`,
    "memory is what the processes have for themselves and their share of what they have in common (PSS), looked at once a second",
  ];
}

async function on<T>(options: SiteOptions, work: (site: Site) => Promise<T>): Promise<T> {
  const nodeArgs =
    PROFILES === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${PROFILES}/${options.engine}`];
  const site = await Site.open({ ...options, nodeArgs });
  try {
    return await work(site);
  } finally {
    await site.close();
  }
}

/** Says at once what was measured: the tables come in the end. */
type Step = (what: string, ms: number) => void;

async function begin(site: Site, step: Step): Promise<void> {
  const { hosts } = site.crowd;
  const lap = stopwatch();
  const { url, ca } = site.access;
  await site.crowd.join({ url, ca, token: await site.token() });
  step(`${hosts} hosts enrol, each with a key of its own`, lap());
  await site.crowd.order({ do: "connect", overMs: (hosts / CONNECTS) * 1_000 });
  step(`all connect, ${CONNECTS} a second, and tell their workloads`, lap());
  await site.settled(SETTLE_MS);
  step("until all of that is in the database", lap());
}

function stopwatch(): () => number {
  let began = performance.now();
  return () => {
    const now = performance.now();
    const took = now - began;
    began = now;
    return took;
  };
}

async function measured(site: Site): Promise<FleetFacts> {
  const steps: (readonly [string, number])[] = [];
  await begin(site, (what, ms) => {
    steps.push([what, ms]);
    console.error(`${what}: ${Math.round(ms)} ms`);
  });
  const { workloads, hosts } = await site.report();
  const still = await quiet(site, QUIET_S);
  console.error("quiet", still);
  const busy = await seen(site, LOAD);
  console.error("under load", busy.parts, busy.ms.length, busy.unseen);
  await site.settled(SETTLE_MS);
  const table = await command(site, "table", { all: true });
  await site.settled(SETTLE_MS);
  const kill = await command(site, "kill", { names: [SERVICE] });
  console.error({ table, kill });
  await site.settled(SETTLE_MS);
  const back = await storm(site);
  console.error(back);
  await site.settled(SETTLE_MS);
  const { peaks, together } = site.meter;
  const engine = site.postgres === undefined ? "SQLite" : "PostgreSQL";
  const name = `${engine}, ${hosts} hosts, ${workloads} workloads`;
  const difference = await site.compare();
  return { name, steps, still, busy, table, kill, back, peaks, together, difference };
}

await bench("fleet", measure);
