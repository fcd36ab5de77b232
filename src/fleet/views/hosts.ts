// SPDX-License-Identifier: Apache-2.0
// Hosts as the console lists them.
import {
  type ExpressionBuilder,
  type ExpressionWrapper,
  type SelectQueryBuilder,
  sql,
  type SqlBool,
} from "kysely";
import type { HostRow, HostPresence, Rows } from "../../wire/api/index.ts";
import { type FleetSchema, type FleetStore, holds } from "../store/index.ts";
import { direction, type ListAsked } from "./asked.ts";
import { GONE_MS, LATE_MS } from "./limits.ts";
import { hostRow, type Seen } from "./rows.ts";

type Db = FleetStore["db"];
type Condition = ExpressionWrapper<FleetSchema, "hosts", SqlBool>;

export const HOST_FILTERS: readonly string[] = ["status", "group", "label"];
export const HOST_FIELDS: readonly string[] = [
  "name",
  "status",
  "seen",
  "group",
  "workloads",
  "violations",
];

export interface HostTerms {
  readonly now: number;
  readonly seen: Seen;
}

export async function listHosts(
  db: Db,
  asked: ListAsked,
  terms: HostTerms,
): Promise<Rows<HostRow>> {
  const found = db.selectFrom("hosts").where((eb) => eb.and(conditions(eb, asked, terms.now)));
  const { total } = await found
    .select(({ fn }) => fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  const { field, down } = asked.sort ?? { field: "name", down: false };
  const rows = await (field === "violations" ? withViolations(found) : found)
    .selectAll("hosts")
    .orderBy(ORDERS[field] ?? sql`hosts.name`, direction(down))
    .orderBy("hosts.id")
    .offset(asked.offset)
    .limit(asked.limit)
    .execute();
  return { rows: await withNumbers(db, rows, terms), total: Number(total), offset: asked.offset };
}

/** With how many violations workloads have that run there: summed once for all hosts, not for each. */
function withViolations(found: SelectQueryBuilder<FleetSchema, "hosts", object>): typeof found {
  const sums = sql<{ host: string; violations: number }>`(select host, sum(violations) as violations
    from workloads where gone = 0 and violations > 0 group by host)`;
  return found.leftJoin(sums.as("bad"), "bad.host", "hosts.id") as unknown as typeof found;
}

/** Those that there are, in no order. */
export async function hostRows(
  db: Db,
  ids: readonly string[],
  terms: HostTerms,
): Promise<readonly HostRow[]> {
  if (ids.length === 0) return [];
  const rows = await db
    .selectFrom("hosts")
    .selectAll()
    .where("id", "in", [...ids])
    .execute();
  return await withNumbers(db, rows, terms);
}

const ORDERS: Readonly<Record<string, ReturnType<typeof sql>>> = {
  name: sql`hosts.name`,
  status: sql`case when revoked_at is null then coalesce(last_seen, 0) else -1 end`,
  seen: sql`coalesce(last_seen, 0)`,
  group: sql`coalesce(grp, '')`,
  workloads: sql`hosts.workloads`,
  violations: sql`coalesce(bad.violations, 0)`,
};

function conditions(
  eb: ExpressionBuilder<FleetSchema, "hosts">,
  { q, only }: ListAsked,
  now: number,
): Condition[] {
  const all: Condition[] = [];
  const { status, group, label } = only;
  if (q !== "") {
    all.push(
      eb.or([
        holds("hosts.name", q),
        holds("hosts.labels", q),
        holds("hosts.grp", q),
        eb("hosts.id", "=", q),
      ]),
    );
  }
  if (group !== undefined) all.push(eb("grp", "=", group));
  if (label !== undefined) all.push(eb.and([holds("hosts.labels", labelText(label))]));
  if (status !== undefined) all.push(eb.and([statusIs(status as HostPresence, now)]));
  return all;
}

/** As it stands in the JSON of labels. */
function labelText(label: string): string {
  const at = label.indexOf("=");
  if (at < 0) return JSON.stringify(label);
  return `${JSON.stringify(label.slice(0, at))}:${JSON.stringify(label.slice(at + 1))}`;
}

function statusIs(status: HostPresence, now: number): ReturnType<typeof sql<boolean>> {
  // who has joined and was never heard is late, and gone at last
  const seen = sql`coalesce(last_seen, enrolled_at - ${LATE_MS})`;
  switch (status) {
    case "revoked":
      return sql<boolean>`revoked_at is not null`;
    case "connected":
      return sql<boolean>`revoked_at is null and ${seen} > ${now - LATE_MS}`;
    case "late":
      return sql<boolean>`revoked_at is null and ${seen} <= ${now - LATE_MS} and ${seen} > ${now - GONE_MS}`;
    case "gone":
      return sql<boolean>`revoked_at is null and ${seen} <= ${now - GONE_MS}`;
    default:
      return sql<boolean>`1 = 0`;
  }
}

async function withNumbers(
  db: Db,
  rows: readonly Parameters<typeof hostRow>[0][],
  terms: HostTerms,
): Promise<readonly HostRow[]> {
  if (rows.length === 0) return [];
  const found = await db
    .selectFrom("workloads")
    .select("host")
    .select(sql<number>`cast(sum(violations) as bigint)`.as("violations"))
    .select(({ fn }) => fn.countAll<number>().as("outside"))
    .where("gone", "=", 0)
    .where("violations", ">", 0)
    .where(
      "host",
      "in",
      rows.map(({ id }) => id),
    )
    .groupBy("host")
    .execute();
  const numbers = new Map(found.map((one) => [one.host, one]));
  return rows.map((row) => {
    const { outside = 0, violations = 0 } = numbers.get(row.id) ?? {};
    return hostRow(row, { outside: Number(outside), violations: Number(violations) }, terms);
  });
}
