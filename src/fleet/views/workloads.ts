// SPDX-License-Identifier: Apache-2.0
// Workloads as the console lists them.
import { type ExpressionBuilder, type ExpressionWrapper, sql, type SqlBool } from "kysely";
import type { Rows, WorkloadRow } from "../../wire/api/index.ts";
import { type FleetSchema, type FleetStore, holds, pieces, valuesOf } from "../store/index.ts";
import { direction, type ListAsked } from "./asked.ts";
import type { Census } from "./census.ts";
import { MAX_OUTLIERS } from "./limits.ts";
import { partsOf, workloadId, workloadRow } from "./rows.ts";

type Db = FleetStore["db"];
type Tables = "workloads" | "hosts";
type Condition = ExpressionWrapper<FleetSchema, Tables, SqlBool>;

export const WORKLOAD_FILTERS: readonly string[] = [
  ...["state", "model", "name", "host", "mode", "status", "outlier"],
];
export const WORKLOAD_FIELDS: readonly string[] = [
  ...["name", "host", "state", "model", "mode", "violations", "started"],
];

const ORDERS: Readonly<Record<string, ReturnType<typeof sql>>> = {
  name: sql`workloads.name`,
  host: sql`hosts.name`,
  state: sql`workloads.state`,
  model: sql`workloads.model`,
  mode: sql`workloads.mode`,
  violations: sql`workloads.violations`,
  started: sql`workloads.started`,
};

/** What runs, unless a status is asked for. */
export async function listWorkloads(
  db: Db,
  asked: ListAsked,
  census: Census,
): Promise<Rows<WorkloadRow>> {
  const { field, down } = asked.sort ?? { field: "name", down: false };
  const [total, keys] = await Promise.all([
    countOf(db, asked, census),
    // keys first: sorting whole rows takes longer than anything else here
    keysFrom(db, asked, field === "host")
      .where((eb) => eb.and(conditions(eb, asked, census)))
      .select(["workloads.host", "workloads.run"])
      .orderBy(ORDERS[field] ?? sql`workloads.name`, direction(down))
      // as the index of the census goes on
      .$if(field === "name", (keys) =>
        keys
          .orderBy("workloads.model", direction(down))
          .orderBy("workloads.state", direction(down)),
      )
      .orderBy("workloads.host", direction(down))
      .orderBy("workloads.run", direction(down))
      .offset(asked.offset)
      .limit(asked.limit)
      .execute(),
  ]);
  const ids = keys.map(({ host, run }) => workloadId(host, run));
  const rows = new Map((await workloadRows(db, ids, census)).map((row) => [row.id, row]));
  const found = ids.map((id) => rows.get(id)).filter((row) => row !== undefined);
  return { rows: found, total, offset: asked.offset };
}

async function countOf(db: Db, asked: ListAsked, census: Census): Promise<number> {
  const { total } = await keysFrom(db, asked, false)
    .where((eb) => eb.and(conditions(eb, asked, census)))
    .select(({ fn }) => fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  return Number(total);
}

/** Hosts are looked at only where something is asked of them. */
function keysFrom(db: Db, { q }: ListAsked, byHost: boolean) {
  if (q !== "" || byHost) return joined(db);
  return db.selectFrom("workloads") as ReturnType<typeof joined>;
}

/** Those that there are, in no order. @param ids HOST~RUN */
export async function workloadRows(
  db: Db,
  ids: readonly string[],
  census: Census,
): Promise<readonly WorkloadRow[]> {
  const keys = ids.map(partsOf).map(({ host, run }) => [host, run]);
  const rows: WorkloadRow[] = [];
  for (const some of pieces(keys, 2)) {
    if (some.length === 0) continue;
    const found = await joined(db)
      .selectAll("workloads")
      .select("hosts.name as host_name")
      .where(sql<boolean>`(workloads.host, workloads.run) in ${valuesOf(some)}`)
      .execute();
    rows.push(...found.map((row) => workloadRow(row, census)));
  }
  return rows;
}

function joined(db: Db) {
  return db.selectFrom("workloads").innerJoin("hosts", "hosts.id", "workloads.host");
}

function conditions(
  eb: ExpressionBuilder<FleetSchema, Tables>,
  { q, only }: ListAsked,
  census: Census,
): Condition[] {
  const { status, outlier } = only;
  const all: Condition[] = [
    status === undefined ? eb("workloads.gone", "=", 0) : eb("workloads.status", "=", status),
  ];
  for (const column of ["state", "model", "name", "host", "mode"] as const) {
    const value = only[column];
    if (value !== undefined) all.push(eb(`workloads.${column}`, "=", value));
  }
  if (q !== "") {
    const columns = [
      "workloads.name",
      "hosts.name",
      "workloads.image",
      "hosts.labels",
      "hosts.grp",
    ];
    all.push(
      eb.or([
        ...columns.map((column) => holds(column, q)),
        eb("workloads.run", "=", q),
        eb("workloads.state", "=", q),
      ]),
    );
  }
  if (outlier === "1") all.push(eb.and([isOutlier(census)]));
  return all;
}

function isOutlier({ groups }: Census): ReturnType<typeof sql<boolean>> {
  const outliers = groups.filter((one) => one.outlier).slice(0, MAX_OUTLIERS);
  if (outliers.length === 0) return sql<boolean>`1 = 0`;
  const keys = valuesOf(outliers.map(({ name, model, state }) => [name, model, state]));
  return sql<boolean>`(workloads.name, workloads.model, workloads.state) in ${keys}`;
}
