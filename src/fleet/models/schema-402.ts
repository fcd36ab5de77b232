// SPDX-License-Identifier: Apache-2.0
// Migration 402: signed models, and whose signatures count.
import type { FleetMigration } from "../store/migration.ts";

export const SCHEMA_402: FleetMigration = {
  async up(db, { text, integer }) {
    await db.schema
      .createTable("models")
      .addColumn("digest", text, (column) => column.notNull().primaryKey())
      .addColumn("name", text, (column) => column.notNull())
      .addColumn("version", integer, (column) => column.notNull())
      .addColumn("parent", text)
      .addColumn("behaviours", integer, (column) => column.notNull())
      .addColumn("sealed", integer, (column) => column.notNull())
      .addColumn("state", text, (column) => column.notNull())
      .addColumn("text", text, (column) => column.notNull())
      .addColumn("bytes", integer, (column) => column.notNull())
      .addColumn("signed_by", text, (column) => column.notNull())
      .addColumn("added", integer, (column) => column.notNull())
      .addColumn("by", text, (column) => column.notNull())
      .addColumn("reason", text)
      .addUniqueConstraint("models_by_version", ["name", "version"])
      .execute();
    await db.schema
      .createTable("model_keys")
      .addColumn("id", text, (column) => column.notNull().primaryKey())
      .addColumn("name", text, (column) => column.notNull())
      .addColumn("public_key", text, (column) => column.notNull())
      .addColumn("added", integer, (column) => column.notNull())
      .addColumn("by", text, (column) => column.notNull())
      .execute();
  },
};
