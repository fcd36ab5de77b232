// SPDX-License-Identifier: Apache-2.0
// Migration 404: evidence of hosts, and the keys that they sign it with.
import type { FleetMigration } from "../store/migration.ts";

export const SCHEMA_404: FleetMigration = {
  async up(db, { text, integer }) {
    const texts = [
      ...(["command", "host", "run", "nonce", "form", "token", "key"] as const),
      ...(["reasons", "gaps", "policy"] as const),
    ];
    const head = db.schema
      .createTable("attestations")
      .addColumn("id", text, (column) => column.notNull().primaryKey())
      .addColumn("at", integer, (column) => column.notNull())
      .addColumn("accepted", integer)
      .addUniqueConstraint("attestations_once", ["command", "host", "run"] as never[]);
    await texts
      .reduce((table, name) => table.addColumn(name, text, (column) => column.notNull()), head)
      .execute();
    await db.schema
      .createIndex("attestations_by_time")
      .on("attestations")
      .columns(["at", "id"])
      .execute();
    await db.schema
      .createTable("host_keys")
      .addColumn("host", text, (column) => column.notNull().primaryKey())
      .addColumn("public_key", text, (column) => column.notNull())
      .addColumn("at", integer, (column) => column.notNull())
      .execute();
  },
};
