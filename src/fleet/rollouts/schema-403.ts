// SPDX-License-Identifier: Apache-2.0
// Migration 403: roll-outs and the hosts that they reach.
import { sql } from "kysely";
import type { FleetMigration } from "../store/migration.ts";

export const SCHEMA_403: FleetMigration = {
  async up(db, { text, integer }) {
    await db.schema
      .createTable("rollouts")
      .addColumn("id", text, (column) => column.notNull().primaryKey())
      .addColumn("name", text, (column) => column.notNull())
      .addColumn("model", text)
      .addColumn("mode", text)
      .addColumn("steps", text, (column) => column.notNull())
      .addColumn("watch_ms", integer, (column) => column.notNull())
      .addColumn("answer_ms", integer, (column) => column.notNull())
      .addColumn("max_failed", integer, (column) => column.notNull())
      .addColumn("max_violations", integer, (column) => column.notNull())
      .addColumn("state", text, (column) => column.notNull())
      .addColumn("step", integer, (column) => column.notNull())
      .addColumn("phase", text, (column) => column.notNull())
      .addColumn("since", integer, (column) => column.notNull())
      .addColumn("reason", text)
      .addColumn("created", integer, (column) => column.notNull())
      .addColumn("by", text, (column) => column.notNull())
      .addColumn("role", text, (column) => column.notNull())
      .addColumn("version", integer, (column) => column.notNull())
      .execute();
    await db.schema.createIndex("rollouts_by_state").on("rollouts").columns(["state"]).execute();
    // so that there is never more than one for the workloads of a name, whoever begins it where
    await sql`create unique index rollouts_active on rollouts (name)
      where state in ('running', 'paused', 'rolling-back')`.execute(db);
    await db.schema
      .createIndex("violations_by_receipt")
      .on("violations")
      .columns(["name", "received"])
      .execute();
    await db.schema
      .createTable("rollout_hosts")
      .addColumn("rollout", text, (column) => column.notNull())
      .addColumn("host", text, (column) => column.notNull())
      .addColumn("step", integer, (column) => column.notNull())
      .addColumn("reached", integer)
      .addColumn("absent", integer, (column) => column.notNull())
      .addColumn("previous", text)
      .addColumn("command", text)
      .addColumn("back", text)
      .addPrimaryKeyConstraint("rollout_hosts_key", ["rollout", "host"])
      .execute();
    await db.schema
      .createIndex("rollout_hosts_by_step")
      .on("rollout_hosts")
      .columns(["rollout", "step"])
      .execute();
  },
};
