// SPDX-License-Identifier: Apache-2.0
// What was measured of a fleet as tables and budgets of RESULTS.md.
import type { BenchTable, Verdict } from "../lib/result.ts";
import { digits, highest, quantile } from "../lib/stats.ts";
import type { FaultsResult } from "./faults.ts";
import { type Difference, isSame, wordsOf } from "./ledger.ts";
import type { Commanded, Quiet, Seen, Storm } from "./measures.ts";

const MEMORY_BUDGET = 1_024;
const SEEN_BUDGET_MS = 250;
const COMMAND_BUDGET_MS = 10_000;
const STORM_BUDGET_MS = 60_000;

/** One fleet, measured. */
export interface FleetFacts {
  /** In words: engine, how many hosts and workloads. */
  readonly name: string;
  readonly steps: readonly (readonly [what: string, ms: number])[];
  readonly still: Quiet;
  readonly busy: Seen;
  readonly table: Commanded;
  readonly kill: Commanded;
  readonly back: Storm;
  readonly peaks: ReadonlyMap<string, number>;
  /** The most that server, bus and database had at one moment (MiB). */
  readonly together: number;
  readonly difference: Difference;
}

const seconds = (ms: number): string => digits(ms / 1_000);

export function fleetTables(facts: FleetFacts): BenchTable[] {
  const { name, steps, back } = facts;
  return [
    {
      title: `${name}: from nothing`,
      columns: ["what", "s"],
      rows: [
        ...steps.map(([what, ms]) => [what, seconds(ms)]),
        [
          `server and bus killed and started again: all ${back.hosts} are back`,
          seconds(back.backMs),
        ],
      ],
    },
    partsTable(facts),
    timesTable(facts),
    trafficTable(facts),
  ];
}

function partsTable({ name, still, busy, peaks }: FleetFacts): BenchTable {
  const rows = [...still.parts].map(([part, { cpu, memory }]) => [
    part,
    digits(cpu),
    digits(busy.parts.get(part)?.cpu ?? Number.NaN),
    digits(memory),
    digits(peaks.get(part) ?? Number.NaN),
  ]);
  return {
    title: `${name}: processor time and memory, a heartbeat of each host every 10 s`,
    columns: [
      "part",
      "CPU when nothing is new, % of one",
      "CPU under load, %",
      "memory, MiB",
      "at its peak, MiB",
    ],
    rows,
  };
}

function timesTable({ name, busy, table, kill }: FleetFacts): BenchTable {
  const { ms, unseen } = busy;
  const command = (what: string, { hosts, arrivedMs, answeredMs }: Commanded): string[][] => [
    [`${what}: until the last of ${hosts} hosts has it`, "-", "-", digits(arrivedMs)],
    [`${what}: until all results are in the database`, "-", "-", digits(answeredMs)],
  ];
  return {
    title: `${name}: how soon (ms)`,
    columns: ["what", "p50", "p99", "all"],
    rows: [
      [
        `violation on a host to the stream of a console, ${ms.length} of them, ${unseen} not seen`,
        digits(quantile(ms, 0.5)),
        digits(quantile(ms, 0.99)),
        digits(highest(ms)),
      ],
      ...command("order `table` to all hosts", table),
      ...command("order `kill` for one service on all hosts", kill),
    ],
  };
}

function trafficTable({ name, still: { traffic } }: FleetFacts): BenchTable {
  return {
    title: `${name}: bytes of one host in an hour when nothing is new, with TLS`,
    columns: ["from the host", "to the host"],
    rows: [[digits(traffic.up), digits(traffic.down)]],
  };
}

export function fleetVerdicts({
  name,
  busy,
  kill,
  back,
  together,
  difference,
}: FleetFacts): Verdict[] {
  const p99 = quantile(busy.ms, 0.99);
  return [
    {
      what: `${name}: memory of server, bus and database, the most that they had together at one moment`,
      budget: `<= ${MEMORY_BUDGET} MiB`,
      measured: `${digits(together)} MiB`,
      met: together <= MEMORY_BUDGET,
    },
    {
      what: `${name}: violation on a host to the stream of a console, p99`,
      budget: `<= ${SEEN_BUDGET_MS} ms`,
      measured: `${digits(p99)} ms`,
      met: p99 <= SEEN_BUDGET_MS && busy.unseen === 0,
    },
    {
      what: `${name}: \`kill\` from the order until all hosts have answered`,
      budget: `<= ${seconds(COMMAND_BUDGET_MS)} s`,
      measured: `${seconds(kill.answeredMs)} s`,
      met: kill.answeredMs <= COMMAND_BUDGET_MS,
    },
    {
      what: `${name}: server and bus killed, all hosts are back`,
      budget: `<= ${seconds(STORM_BUDGET_MS)} s`,
      measured: `${seconds(back.backMs)} s`,
      met: back.backMs <= STORM_BUDGET_MS,
    },
    same(`${name}: what the hosts told, and what is in the database, after all that`, difference),
  ];
}

export function faultsTable({ faults }: FaultsResult, name: string): BenchTable {
  return {
    title: `${name}: parts killed with SIGKILL during ingest, one after the other`,
    columns: ["killed", "from its restart until all that was told is stored, s"],
    rows: faults.map(({ what, settledMs }) => [what, seconds(settledMs)]),
  };
}

export function faultsVerdict({ difference }: FaultsResult, name: string): Verdict {
  return same(`${name}: what the hosts told, and what is in the database, after these`, difference);
}

function same(what: string, difference: Difference): Verdict {
  const budget = "nothing lost, nothing twice";
  return { what, budget, measured: wordsOf(difference), met: isSame(difference) };
}
