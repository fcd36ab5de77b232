// SPDX-License-Identifier: Apache-2.0
// Violations as the console lists them, and one with everything that is known of it.
import { type ExpressionBuilder, type ExpressionWrapper, sql, type SqlBool } from "kysely";
import type { Rows, ViolationDetail, ViolationRow } from "../../wire/api/index.ts";
import type { ViolationItem } from "../../wire/link/index.ts";
import { type FleetSchema, type FleetStore, holds } from "../store/index.ts";
import { direction, type ListAsked } from "./asked.ts";
import { MAX_COUNTED, MAX_SEARCHED } from "./limits.ts";
import { partsOf, violationRow } from "./rows.ts";

type Db = FleetStore["db"];
type Tables = "violations" | "hosts";
type Condition = ExpressionWrapper<FleetSchema, Tables, SqlBool>;

export const VIOLATION_FILTERS: readonly string[] = [
  ...["workload", "host", "name", "model", "coefficient", "decision"],
];
export const VIOLATION_FIELDS: readonly string[] = ["at", "name", "decision"];

const ORDERS: Readonly<Record<string, ReturnType<typeof sql>>> = {
  at: sql`violations.at`,
  name: sql`violations.name`,
  decision: sql`violations.decision`,
};

/** The newest first. Of very many the first ones are counted (`MAX_COUNTED`), and what no index finds is looked for among the newest (`MAX_SEARCHED`). */
export async function listViolations(db: Db, asked: ListAsked): Promise<Rows<ViolationRow>> {
  const from = await searchedFrom(db, asked);
  const found = joined(db)
    .where((eb) => eb.and(conditions(eb, asked)))
    .$if(from !== undefined, (some) => some.where("violations.at", ">=", from ?? 0));
  const some = found.select(sql<number>`1`.as("one")).limit(MAX_COUNTED);
  const { total } = await db
    .selectFrom(some.as("found"))
    .select(({ fn }) => fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  const { field, down } = asked.sort ?? { field: "at", down: true };
  const rows = await found
    .selectAll("violations")
    .select("hosts.name as host_name")
    .orderBy(ORDERS[field] ?? sql`violations.at`, direction(down))
    .orderBy("violations.id", direction(down))
    .offset(asked.offset)
    .limit(asked.limit)
    .execute();
  return { rows: rows.map(violationRow), total: Number(total), offset: asked.offset };
}

/** Filters that an index knows. */
const FOUND_BY = ["host", "workload", "name", "coefficient"] as const;

/** Time of the oldest that is looked at; undefined: all of them are. */
async function searchedFrom(db: Db, { q, only, sort }: ListAsked): Promise<number | undefined> {
  const byTime = sort === undefined || sort.field === "at";
  const asIndexed = q === "" && only["decision"] === undefined && only["model"] === undefined;
  const narrowed = FOUND_BY.some((name) => only[name] !== undefined);
  if (narrowed || (byTime && asIndexed)) return undefined;
  const oldest = await db
    .selectFrom("violations")
    .select("at")
    .orderBy("at", "desc")
    .offset(MAX_SEARCHED)
    .limit(1)
    .executeTakeFirst();
  return oldest?.at;
}

/** Those that there are, in no order. */
export async function violationRows(
  db: Db,
  ids: readonly string[],
): Promise<readonly ViolationRow[]> {
  if (ids.length === 0) return [];
  const rows = await joined(db)
    .selectAll("violations")
    .select("hosts.name as host_name")
    .where("violations.id", "in", [...ids])
    .execute();
  return rows.map(violationRow);
}

export async function violationDetail(db: Db, id: string): Promise<ViolationDetail | undefined> {
  const row = await joined(db)
    .selectAll("violations")
    .select("hosts.name as host_name")
    .where("violations.id", "=", id)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { heldUs, record } = JSON.parse(row.body) as ViolationItem;
  return {
    ...violationRow(row),
    why: row.why,
    ...(heldUs !== undefined && { heldUs }),
    record,
    also: await elsewhere(db, row),
  };
}

/** Who else has done the same. */
async function elsewhere(
  db: Db,
  { coefficient, at }: { readonly coefficient: string; readonly at: number },
): Promise<ViolationDetail["also"]> {
  if (coefficient === "") return { workloads: 1, hosts: 1, first: at };
  const some = db
    .selectFrom("violations")
    .select(["host", "run", "at"])
    .where("coefficient", "=", coefficient)
    .orderBy("at")
    .limit(MAX_COUNTED);
  const row = await db
    .selectFrom(some.as("same"))
    .select(({ fn }) => [
      sql<number>`count(distinct host || ' ' || run)`.as("workloads"),
      fn.count<number>("host").distinct().as("hosts"),
      fn.min<number>("at").as("first"),
    ])
    .executeTakeFirstOrThrow();
  return { workloads: Number(row.workloads), hosts: Number(row.hosts), first: Number(row.first) };
}

function joined(db: Db) {
  return db.selectFrom("violations").innerJoin("hosts", "hosts.id", "violations.host");
}

function conditions(
  eb: ExpressionBuilder<FleetSchema, Tables>,
  { q, only }: Pick<ListAsked, "q" | "only">,
): Condition[] {
  const all: Condition[] = [];
  for (const column of ["host", "name", "model", "coefficient", "decision"] as const) {
    const value = only[column];
    if (value !== undefined) all.push(eb(`violations.${column}`, "=", value));
  }
  const { workload } = only;
  if (workload !== undefined) {
    const { host, run } = partsOf(workload);
    all.push(eb("violations.host", "=", host), eb("violations.run", "=", run));
  }
  if (q !== "") {
    const columns = ["violations.words", "violations.name", "hosts.name", "violations.hook"];
    all.push(eb.or([...columns.map((column) => holds(column, q)), holds("violations.body", q)]));
  }
  return all;
}
