// SPDX-License-Identifier: Apache-2.0
// Migration 101: hosts, their workloads, what these did, and how far each host's spool has come.
import { sql } from "kysely";
import type { CreateTableBuilder, Kysely } from "kysely";
import type { ColumnTypes, FleetMigration } from "./migration.ts";

export const SCHEMA_101: FleetMigration = {
  async up(db, types) {
    await hosts(db, types);
    await workloads(db, types);
    await violations(db, types);
    await behaviours(db, types);
    await processesAndNotices(db, types);
    await spools(db, types);
  },
};

type Table = CreateTableBuilder<string, never>;

/** NOT NULL columns of one type. */
function columns(table: Table, type: ColumnTypes["text"], names: readonly string[]): Table {
  return names.reduce<Table>(
    (made, name) => made.addColumn(name, type, (column) => column.notNull()),
    table,
  );
}

const table = (db: Kysely<unknown>, name: string): Table => db.schema.createTable(name);

async function hosts(db: Kysely<unknown>, { text, integer }: ColumnTypes): Promise<void> {
  await columns(table(db, "hosts"), text, ["name", "labels", "key"])
    .addColumn("id", text, (column) => column.notNull().primaryKey())
    .addColumn("grp", text)
    .addColumn("token", text)
    .addColumn("version", text)
    .addColumn("enrolled_at", integer, (column) => column.notNull())
    .addColumn("revoked_at", integer)
    .addColumn("last_seen", integer)
    .addColumn("rev", integer, (column) => column.notNull().defaultTo(0))
    .addColumn("states", text)
    .addColumn("workloads", integer, (column) => column.notNull().defaultTo(0))
    .addColumn("spool", text)
    .execute();
  await db.schema.createIndex("hosts_by_name").on("hosts").columns(["name", "id"]).execute();
}

async function workloads(db: Kysely<unknown>, { text, integer }: ColumnTypes): Promise<void> {
  const texts = [
    ...["host", "run", "name", "mode", "status", "state", "measurement", "model"],
    ...["body", "counts", "told", "counts_told"],
  ];
  const integers = ["sealed", "started", "gone", "violations", "updated"];
  await columns(columns(table(db, "workloads"), text, texts), integer, integers)
    .addColumn("image", text)
    .addPrimaryKeyConstraint("workloads_key", ["host", "run"] as never[])
    .execute();
  // The first page of the console: how many in which state. Only what is there counts, so only that is in the indexes.
  for (const [name, of] of [
    ["workloads_by_name", "name, model, state"],
    ["workloads_by_state", "state"],
    ["workloads_by_model", "model"],
  ] as const) {
    await sql`create index ${sql.ref(name)} on workloads (${sql.raw(of)}) where gone = 0`.execute(
      db,
    );
  }
}

async function violations(db: Kysely<unknown>, { text, integer }: ColumnTypes): Promise<void> {
  const texts = [
    ...["host", "run", "name", "model", "coefficient", "hook", "decision"],
    ...["words", "why", "body"],
  ];
  await columns(columns(table(db, "violations"), text, texts), integer, ["at", "received"])
    .addColumn("id", text, (column) => column.notNull().primaryKey())
    .execute();
  const index = (name: string, of: readonly string[]): Promise<void> =>
    db.schema
      .createIndex(name)
      .on("violations")
      .columns([...of])
      .execute();
  await index("violations_by_time", ["at", "id"]);
  await index("violations_by_workload", ["host", "run", "at"]);
  await index("violations_by_name", ["name", "at"]);
  await index("violations_by_coefficient", ["coefficient", "at"]);
}

async function behaviours(db: Kysely<unknown>, { text, integer }: ColumnTypes): Promise<void> {
  await columns(table(db, "behaviours"), text, ["hook", "words", "host", "run", "body"])
    .addColumn("coefficient", text, (column) => column.notNull().primaryKey())
    .addColumn("at", integer, (column) => column.notNull())
    .execute();
  await columns(table(db, "states"), integer, ["points", "at"])
    .addColumn("state", text, (column) => column.notNull().primaryKey())
    .execute();
  await columns(table(db, "state_points"), text, ["state", "coefficient"])
    .addPrimaryKeyConstraint("state_points_key", ["state", "coefficient"] as never[])
    .execute();
  await db.schema
    .createIndex("state_points_by_coefficient")
    .on("state_points")
    .columns(["coefficient"])
    .execute();
}

async function processesAndNotices(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  const { text, integer } = types;
  await columns(table(db, "processes"), text, ["host", "run", "told", "lines"])
    .addColumn("item", integer, (column) => column.notNull())
    .addPrimaryKeyConstraint("processes_key", ["host", "run", "told", "item"] as never[])
    .execute();
  await columns(table(db, "notices"), text, ["host", "level", "words", "body"])
    .addColumn("id", text, (column) => column.notNull().primaryKey())
    .addColumn("at", integer, (column) => column.notNull())
    .execute();
  await db.schema.createIndex("notices_by_time").on("notices").columns(["at", "id"]).execute();
  await db.schema.createIndex("notices_by_host").on("notices").columns(["host", "at"]).execute();
}

async function spools(db: Kysely<unknown>, { text, integer }: ColumnTypes): Promise<void> {
  await columns(table(db, "spools"), text, ["host", "epoch"])
    .addColumn("upto", integer, (column) => column.notNull())
    .addPrimaryKeyConstraint("spools_key", ["host", "epoch"] as never[])
    .execute();
  await columns(table(db, "parcels"), text, ["host", "epoch"])
    .addColumn("seq", integer, (column) => column.notNull())
    .addPrimaryKeyConstraint("parcels_key", ["host", "epoch", "seq"] as never[])
    .execute();
  await columns(table(db, "rejected"), text, ["host", "epoch", "why", "body"])
    .addColumn("seq", integer, (column) => column.notNull())
    .addColumn("at", integer, (column) => column.notNull())
    .addPrimaryKeyConstraint("rejected_key", ["host", "epoch", "seq"] as never[])
    .execute();
}
