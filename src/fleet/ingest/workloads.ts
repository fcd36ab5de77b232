// SPDX-License-Identifier: Apache-2.0
// Entries of hosts' tables of workloads: the one that was told last counts, in whatever order parcels come.
import { sql } from "kysely";
import type { Insertable, Transaction } from "kysely";
import type { CountsItem, TableItem, WorkloadItem } from "../../wire/link/index.ts";
import { dbText, pieces, valuesOf } from "../store/index.ts";
import type { FleetSchema, WorkloadRow } from "../store/index.ts";
import type { Arrived, ItemApplier } from "./applier.ts";
import { withoutTooMany } from "./workload-limit.ts";

const WIDTH = 24;

export const workloadApplier: ItemApplier<"workload"> = { kind: "workload", apply: applyWorkloads };
export const tableApplier: ItemApplier<"table"> = { kind: "table", apply: applyTables };
export const countsApplier: ItemApplier<"counts"> = { kind: "counts", apply: applyCounts };

async function applyWorkloads(
  tx: Transaction<FleetSchema>,
  items: readonly Arrived<WorkloadItem>[],
  now: number,
): Promise<void> {
  const fitting = await withoutTooMany(tx, [...lastOfEach(items).values()], now);
  const rows = fitting.map((one) => rowOf(one, now));
  for (const some of pieces(rows, WIDTH)) {
    await nameViolations(tx, some);
    await tx
      .insertInto("workloads")
      .values(some.map(({ violations: _, ...row }) => ({ ...row, violations: counted(row) })))
      .onConflict((conflict) =>
        conflict
          .columns(["host", "run"])
          .doUpdateSet((eb) => {
            const name = <C extends keyof WorkloadRow>(column: C) => eb.ref(`excluded.${column}`);
            return {
              name: name("name"),
              mode: name("mode"),
              sealed: name("sealed"),
              status: name("status"),
              state: name("state"),
              measurement: name("measurement"),
              model: name("model"),
              image: name("image"),
              started: name("started"),
              gone: name("gone"),
              body: name("body"),
              told: name("told"),
              updated: name("updated"),
              counts: sql<string>`case when excluded.counts_told > workloads.counts_told then excluded.counts else workloads.counts end`,
              counts_told: sql<string>`case when excluded.counts_told > workloads.counts_told then excluded.counts_told else workloads.counts_told end`,
            };
          })
          .whereRef("workloads.told", "<", "excluded.told" as never),
      )
      .execute();
  }
}

/** Violations that came before the entry get the name and the model that they belong to: lists and roll-outs look for them by these. */
async function nameViolations(
  tx: Transaction<FleetSchema>,
  rows: readonly Insertable<WorkloadRow>[],
): Promise<void> {
  const keys = valuesOf(rows.map(({ host, run }) => [host, run]));
  const nameless = await tx
    .selectFrom("violations")
    .select(["host", "run"])
    .distinct()
    .where("name", "=", "")
    .where(sql<boolean>`(host, run) in ${keys}`)
    .execute();
  for (const { host, run } of nameless) {
    const row = rows.find((one) => one.host === host && one.run === run);
    if (row === undefined) continue;
    const model = sql<string>`case when model = '' then ${row.model} else model end`;
    await tx
      .updateTable("violations")
      .set({ name: row.name, model })
      .where("host", "=", host)
      .where("run", "=", run)
      .where("name", "=", "")
      .execute();
  }
}

/** Violations that came before the entry count too. */
function counted({ host, run }: Pick<WorkloadRow, "host" | "run">) {
  return sql<number>`(select count(*) from violations v where v.host = ${host} and v.run = ${run})`;
}

/** The last one of each run; items of one host are in their order. */
function lastOfEach<I extends WorkloadItem | CountsItem>(
  items: readonly Arrived<I>[],
): Map<string, Arrived<I>> {
  const last = new Map<string, Arrived<I>>();
  for (const one of items) last.set(`${one.host} ${one.item.run}`, one);
  return last;
}

function rowOf({ host, told, item }: Arrived<WorkloadItem>, now: number): Insertable<WorkloadRow> {
  const over = item.removed === true || item.status === "ended" || item.status === "failed";
  const { counts, ...body } = item;
  return {
    host,
    run: item.run,
    name: dbText(item.name),
    mode: item.mode,
    sealed: item.sealed ? 1 : 0,
    status: item.status,
    state: item.state,
    measurement: item.measurement,
    model: item.model?.digest ?? "",
    image: item.image === undefined ? null : dbText(item.image),
    started: item.started,
    gone: over ? 1 : 0,
    body: JSON.stringify(body),
    counts: JSON.stringify(counts),
    violations: 0,
    told,
    counts_told: told,
    updated: now,
  };
}

/** What runs, and nothing else does. */
async function applyTables(
  tx: Transaction<FleetSchema>,
  items: readonly Arrived<TableItem>[],
  now: number,
): Promise<void> {
  const last = new Map(items.map((one) => [one.host, one]));
  for (const { host, told, item } of last.values()) {
    const others = tx
      .updateTable("workloads")
      .set({ gone: 1, status: "ended", told, updated: now })
      .where("host", "=", host)
      .where("gone", "=", 0)
      .where("told", "<", told);
    const runs = [...item.runs];
    await (runs.length === 0 ? others : others.where("run", "not in", runs)).execute();
  }
}

async function applyCounts(
  tx: Transaction<FleetSchema>,
  items: readonly Arrived<CountsItem>[],
  now: number,
): Promise<void> {
  for (const { host, told, item } of lastOfEach(items).values()) {
    await tx
      .updateTable("workloads")
      .set({ counts: JSON.stringify(item.counts), counts_told: told, updated: now })
      .where("host", "=", host)
      .where("run", "=", item.run)
      .where("counts_told", "<", told)
      .execute();
  }
}
