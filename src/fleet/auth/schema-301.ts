// SPDX-License-Identifier: Apache-2.0
// Migration 301: users, sessions, API tokens, tried logins, and the audit log.
import type { Kysely } from "kysely";
import type { ColumnTypes, FleetMigration } from "../store/migration.ts";

export const SCHEMA_301: FleetMigration = {
  async up(db, types) {
    await users(db, types);
    await logins(db, types);
    await audit(db, types);
  },
};

async function users(db: Kysely<unknown>, { text, integer }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable("users")
    .addColumn("name", text, (column) => column.notNull().primaryKey())
    .addColumn("shown", text, (column) => column.notNull())
    .addColumn("role", text, (column) => column.notNull())
    .addColumn("kind", text, (column) => column.notNull())
    .addColumn("kept", text)
    .addColumn("issuer", text)
    .addColumn("subject", text)
    .addColumn("disabled", integer, (column) => column.notNull())
    .addColumn("created", integer, (column) => column.notNull())
    .addColumn("last_login", integer)
    .addUniqueConstraint("users_elsewhere", ["issuer", "subject"])
    .execute();
  await db.schema
    .createTable("sessions")
    .addColumn("digest", text, (column) => column.notNull().primaryKey())
    .addColumn("user", text, (column) => column.notNull())
    .addColumn("created", integer, (column) => column.notNull())
    .addColumn("used", integer, (column) => column.notNull())
    .addColumn("expires", integer, (column) => column.notNull())
    .addColumn("address", text, (column) => column.notNull())
    .execute();
  await db.schema.createIndex("sessions_by_user").on("sessions").column("user").execute();
  await db.schema
    .createTable("api_tokens")
    .addColumn("id", text, (column) => column.notNull().primaryKey())
    .addColumn("digest", text, (column) => column.notNull().unique())
    .addColumn("user", text, (column) => column.notNull())
    .addColumn("name", text, (column) => column.notNull())
    .addColumn("role", text, (column) => column.notNull())
    .addColumn("created", integer, (column) => column.notNull())
    .addColumn("expires", integer, (column) => column.notNull())
    .addColumn("used", integer)
    .execute();
  await db.schema.createIndex("api_tokens_by_user").on("api_tokens").column("user").execute();
}

async function logins(db: Kysely<unknown>, { text, integer }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable("login_tries")
    .addColumn("bucket", text, (column) => column.notNull().primaryKey())
    .addColumn("tries", integer, (column) => column.notNull())
    .addColumn("since", integer, (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("oidc_logins")
    .addColumn("state", text, (column) => column.notNull().primaryKey())
    .addColumn("nonce", text, (column) => column.notNull())
    .addColumn("verifier", text, (column) => column.notNull())
    .addColumn("expires", integer, (column) => column.notNull())
    .execute();
}

async function audit(db: Kysely<unknown>, { text, integer }: ColumnTypes): Promise<void> {
  const texts = ["who", "role", "via", "action", "target", "result", "words", "address"] as const;
  const head = db.schema
    .createTable("audit")
    .addColumn("id", text, (column) => column.notNull().primaryKey())
    .addColumn("at", integer, (column) => column.notNull());
  await texts
    .reduce((table, name) => table.addColumn(name, text, (column) => column.notNull()), head)
    .execute();
  await db.schema.createIndex("audit_by_time").on("audit").columns(["at", "id"]).execute();
}
