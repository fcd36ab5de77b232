// SPDX-License-Identifier: Apache-2.0
// The fleet in numbers, and its states.
import { sql } from "kysely";
import type { StateGroup, Summary } from "../../wire/api/index.ts";
import type { FleetStore } from "../store/index.ts";
import type { Census } from "./census.ts";
import type { HostTerms } from "./hosts.ts";
import { Kept } from "./kept.ts";
import { DAY_GOOD_MS, GONE_MS, HOUR_GOOD_MS, LATE_MS, MAX_STATES } from "./limits.ts";

type Db = FleetStore["db"];

const MINUTE_MS = 60_000;
const DAY_MS: number = 24 * 60 * MINUTE_MS;
const MINUTES = 60;

/** Numbers that come from elsewhere. */
export type Counted = Pick<Summary, "violations" | "pending">;

export async function summaryOf(
  db: Db,
  census: Census,
  terms: HostTerms,
  counted: Counted,
): Promise<Summary> {
  const [{ hosts, stale }, workloads] = await Promise.all([
    hostCount(db, terms),
    workloadNumbers(db),
  ]);
  return {
    at: terms.now,
    hosts,
    workloads: { ...workloads, stale },
    ...counted,
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

/** Hosts, and how many workloads are on those that nobody has heard of lately. */
interface HostCount {
  readonly hosts: Summary["hosts"];
  readonly stale: number;
}

/** What servers have heard is in the database a little later: those that are silent by it are looked at again. */
async function hostCount(db: Db, { now, seen }: HostTerms): Promise<HostCount> {
  const [row, silent] = await Promise.all([
    db
      .selectFrom("hosts")
      .select([
        sum(sql`revoked_at is null`).as("total"),
        sum(sql`revoked_at is null and last_seen > ${now - LATE_MS}`).as("connected"),
        sum(sql`revoked_at is not null`).as("revoked"),
      ])
      .executeTakeFirstOrThrow(),
    db
      .selectFrom("hosts")
      .select(["id", "workloads"])
      .select(sql<number>`coalesce(last_seen, enrolled_at - ${LATE_MS})`.as("stored"))
      .where("revoked_at", "is", null)
      .where(({ or, eb }) =>
        or([eb("last_seen", "is", null), eb("last_seen", "<=", now - LATE_MS)]),
      )
      .execute(),
  ]);
  const { total, connected, revoked } = numbers(row);
  const unheard = silent.filter(({ id }) => (seen(id) ?? 0) <= now - LATE_MS);
  const late = unheard.filter(
    ({ id, stored }) => Math.max(Number(stored), seen(id) ?? 0) > now - GONE_MS,
  ).length;
  return {
    hosts: { total, connected: connected + silent.length - unheard.length, late, revoked },
    stale: unheard.reduce((all, { workloads }) => all + workloads, 0),
  };
}

async function workloadNumbers(db: Db): Promise<Omit<Summary["workloads"], "stale">> {
  const row = await db
    .selectFrom("workloads")
    .select([
      sum(sql`1 = 1`).as("total"),
      sum(sql`status = 'running'`).as("running"),
      sum(sql`mode = 'enforce'`).as("enforcing"),
      sum(sql`violations > 0`).as("outside"),
      sum(sql`sealed = 0`).as("unsealed"),
    ])
    .where("gone", "=", 0)
    .executeTakeFirstOrThrow();
  return numbers(row);
}

/** Violations of the last hour by minutes, and of the last day. Where there are millions, counting takes a while: it is not done for each who asks. */
export class ViolationNumbers {
  readonly #series: Kept<Summary["violations"]["series"]>;
  readonly #day: Kept<number>;

  constructor({ db }: Pick<FleetStore, "db">) {
    this.#series = new Kept(HOUR_GOOD_MS, (now) => seriesOf(db, now));
    this.#day = new Kept(DAY_GOOD_MS, (now) => countSince(db, now - DAY_MS));
  }

  async at(now: number): Promise<Summary["violations"]> {
    const [series, day] = await Promise.all([this.#series.at(now), this.#day.at(now)]);
    const hour = series.reduce((all, [, count]) => all + count, 0);
    return { hour, day: Math.max(day, hour), series };
  }
}

async function countSince(db: Db, from: number): Promise<number> {
  const { total } = await db
    .selectFrom("violations")
    .select(({ fn }) => fn.countAll<number>().as("total"))
    .where("at", ">", from)
    .executeTakeFirstOrThrow();
  return Number(total);
}

async function seriesOf(db: Db, now: number): Promise<Summary["violations"]["series"]> {
  const from = now - (now % MINUTE_MS) - (MINUTES - 1) * MINUTE_MS;
  const rows = await db
    .selectFrom("violations")
    .select([
      sql<number>`cast((at - ${from}) / ${MINUTE_MS} as integer)`.as("minute"),
      sql<number>`count(*)`.as("count"),
    ])
    .where("at", ">=", from)
    .groupBy(sql`1`)
    .execute();
  const counts = new Map(rows.map(({ minute, count }) => [Number(minute), Number(count)]));
  return Array.from(
    { length: MINUTES },
    (_, minute) => [from + minute * MINUTE_MS, counts.get(minute) ?? 0] as const,
  );
}

/** How many rows something holds for. */
function sum(condition: ReturnType<typeof sql>) {
  return sql<number>`cast(coalesce(sum(case when ${condition} then 1 else 0 end), 0) as bigint)`;
}

function numbers<T extends Record<string, number>>(row: T): T {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)])) as T;
}
