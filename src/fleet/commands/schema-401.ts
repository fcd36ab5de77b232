// SPDX-License-Identifier: Apache-2.0
// Migration 401: commands and what became of them.
import type { Kysely } from "kysely";
import type { ColumnTypes, FleetMigration } from "../store/migration.ts";

export const SCHEMA_401: FleetMigration = {
  async up(db, types) {
    await commands(db, types);
    await hosts(db, types);
  },
};

async function commands(db: Kysely<unknown>, { text, integer }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable("commands")
    .addColumn("id", text, (column) => column.notNull().primaryKey())
    .addColumn("kind", text, (column) => column.notNull())
    .addColumn("target", text, (column) => column.notNull())
    .addColumn("args", text, (column) => column.notNull())
    .addColumn("words", text, (column) => column.notNull())
    .addColumn("by", text, (column) => column.notNull())
    .addColumn("role", text, (column) => column.notNull())
    .addColumn("issued", integer, (column) => column.notNull())
    .addColumn("expires", integer, (column) => column.notNull())
    .addColumn("rollout", text)
    .addColumn("everybody", integer, (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex("commands_by_time")
    .on("commands")
    .columns(["issued", "id"])
    .execute();
  await db.schema.createIndex("commands_by_end").on("commands").columns(["expires"]).execute();
  await db.schema
    .createTable("command_envelopes")
    .addColumn("command", text, (column) => column.notNull())
    .addColumn("part", integer, (column) => column.notNull())
    .addColumn("text", text, (column) => column.notNull())
    .addColumn("hosts", text, (column) => column.notNull())
    .addColumn("published", integer, (column) => column.notNull())
    .addPrimaryKeyConstraint("command_envelopes_key", ["command", "part"])
    .execute();
  await db.schema
    .createIndex("command_envelopes_unsent")
    .on("command_envelopes")
    .columns(["published"])
    .execute();
}

async function hosts(db: Kysely<unknown>, { text, integer }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable("command_hosts")
    .addColumn("command", text, (column) => column.notNull())
    .addColumn("host", text, (column) => column.notNull())
    .addColumn("part", integer, (column) => column.notNull())
    .addColumn("status", text, (column) => column.notNull())
    .addColumn("words", text, (column) => column.notNull())
    .addColumn("workloads", text, (column) => column.notNull())
    .addColumn("at", integer)
    .addPrimaryKeyConstraint("command_hosts_key", ["command", "host"])
    .execute();
  await db.schema
    .createIndex("command_hosts_by_status")
    .on("command_hosts")
    .columns(["command", "status"])
    .execute();
  await db.schema
    .createIndex("command_hosts_by_host")
    .on("command_hosts")
    .columns(["host", "status"])
    .execute();
  await db.schema
    .createTable("host_models")
    .addColumn("host", text, (column) => column.notNull())
    .addColumn("name", text, (column) => column.notNull())
    .addColumn("digest", text)
    .addColumn("command", text, (column) => column.notNull())
    .addPrimaryKeyConstraint("host_models_key", ["host", "name"])
    .execute();
}
