// SPDX-License-Identifier: Apache-2.0
// The fleet in numbers, and its states.
import { sql } from "kysely";
import type { StateGroup, Summary } from "../../wire/api/index.ts";
import type { FleetStore } from "../store/index.ts";
import type { Census } from "./census.ts";
import { GONE_MS, LATE_MS, MAX_STATES } from "./limits.ts";

type Db = FleetStore["db"];

const MINUTE_MS = 60_000;
const HOUR_MS: number = 60 * MINUTE_MS;
const DAY_MS: number = 24 * HOUR_MS;
const MINUTES = 60;

/** What other parts have waiting. */
export type Pending = () => Promise<Summary["pending"]>;

export async function summaryOf(
  db: Db,
  census: Census,
  now: number,
  pending: Pending,
): Promise<Summary> {
  const [hosts, workloads, violations, waiting] = await Promise.all([
    hostNumbers(db, now),
    workloadNumbers(db, now),
    violationNumbers(db, now),
    pending(),
  ]);
  return {
    at: now,
    hosts,
    workloads,
    violations,
    pending: waiting,
    distinct: new Set(census.groups.map(({ state }) => state)).size,
    states: shownStates(census.groups),
  };
}

/** Kinds with outliers first, then large ones; of each kind the most common state first. */
function shownStates(groups: readonly StateGroup[]): readonly StateGroup[] {
  const kinds = new Map<string, StateGroup[]>();
  for (const group of groups) {
    const kind = JSON.stringify([group.name, group.model]);
    const all = kinds.get(kind) ?? [];
    all.push(group);
    kinds.set(kind, all);
  }
  const weight = (all: readonly StateGroup[]): number =>
    (all.some(({ outlier }) => outlier) ? Number.MAX_SAFE_INTEGER / 2 : 0) +
    all.reduce((sum, { count }) => sum + count, 0);
  return [...kinds.values()]
    .sort((a, b) => weight(b) - weight(a))
    .flatMap((all) => [...all].sort((a, b) => b.count - a.count))
    .slice(0, MAX_STATES);
}

async function hostNumbers(db: Db, now: number): Promise<Summary["hosts"]> {
  const row = await db
    .selectFrom("hosts")
    .select([
      sum(sql`revoked_at is null`).as("total"),
      sum(sql`revoked_at is null and last_seen > ${now - LATE_MS}`).as("connected"),
      sum(
        sql`revoked_at is null and last_seen <= ${now - LATE_MS} and last_seen > ${now - GONE_MS}`,
      ).as("late"),
      sum(sql`revoked_at is not null`).as("revoked"),
    ])
    .executeTakeFirstOrThrow();
  return numbers(row);
}

async function workloadNumbers(db: Db, now: number): Promise<Summary["workloads"]> {
  const [row, silent] = await Promise.all([
    db
      .selectFrom("workloads")
      .select([
        sum(sql`1 = 1`).as("total"),
        sum(sql`status = 'running'`).as("running"),
        sum(sql`mode = 'enforce'`).as("enforcing"),
        sum(sql`violations > 0`).as("outside"),
        sum(sql`sealed = 0`).as("unsealed"),
      ])
      .where("gone", "=", 0)
      .executeTakeFirstOrThrow(),
    db
      .selectFrom("hosts")
      .select(sql<number>`cast(coalesce(sum(workloads), 0) as bigint)`.as("stale"))
      .where("revoked_at", "is", null)
      .where(({ or, eb }) =>
        or([eb("last_seen", "is", null), eb("last_seen", "<=", now - LATE_MS)]),
      )
      .executeTakeFirstOrThrow(),
  ]);
  return { ...numbers(row), stale: Number(silent.stale) };
}

async function violationNumbers(db: Db, now: number): Promise<Summary["violations"]> {
  const from = now - (now % MINUTE_MS) - (MINUTES - 1) * MINUTE_MS;
  const [row, minutes] = await Promise.all([
    db
      .selectFrom("violations")
      .select(({ fn }) => fn.countAll<number>().as("day"))
      .where("at", ">", now - DAY_MS)
      .executeTakeFirstOrThrow(),
    db
      .selectFrom("violations")
      .select([
        sql<number>`cast((at - ${from}) / ${MINUTE_MS} as integer)`.as("minute"),
        sql<number>`count(*)`.as("count"),
      ])
      .where("at", ">=", from)
      .groupBy(sql`1`)
      .execute(),
  ]);
  const counts = new Map(minutes.map(({ minute, count }) => [Number(minute), Number(count)]));
  const series = Array.from(
    { length: MINUTES },
    (_, minute) => [from + minute * MINUTE_MS, counts.get(minute) ?? 0] as const,
  );
  return { hour: series.reduce((all, [, count]) => all + count, 0), day: Number(row.day), series };
}

/** How many rows something holds for. */
function sum(condition: ReturnType<typeof sql>) {
  return sql<number>`cast(coalesce(sum(case when ${condition} then 1 else 0 end), 0) as bigint)`;
}

function numbers<T extends Record<string, number>>(row: T): T {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)])) as T;
}
