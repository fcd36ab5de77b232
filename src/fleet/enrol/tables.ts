// SPDX-License-Identifier: Apache-2.0
// The tables of enrolment.
import type { FleetMigration } from "../store/index.ts";

// a type and no interface: Kysely wants to index it
export type EnrolTables = {
  readonly enrol_tokens: EnrolTokenTable;
  /** Devices: their credentials are passwords, and last longer. */
  readonly mqtt_hosts: { readonly host: string };
};

export interface EnrolTokenTable {
  /** Told to people; no secret. */
  readonly id: string;
  /** SHA-256 of the secret, hex. */
  readonly secret: string;
  readonly comment: string;
  /** JSON: labels of the hosts that come with it. */
  readonly labels: string;
  readonly grp: string | null;
  readonly uses: number;
  readonly used: number;
  readonly created_at: number;
  readonly created_by: string;
  readonly expires_at: number;
  readonly revoked_at: number | null;
}

export const ENROL_201: FleetMigration = {
  up: async (db, { text, integer }) => {
    await db.schema
      .createTable("enrol_tokens")
      .addColumn("id", text, (column) => column.primaryKey())
      .addColumn("secret", text, (column) => column.notNull().unique())
      .addColumn("comment", text, (column) => column.notNull())
      .addColumn("labels", text, (column) => column.notNull())
      .addColumn("grp", text)
      .addColumn("uses", integer, (column) => column.notNull())
      .addColumn("used", integer, (column) => column.notNull())
      .addColumn("created_at", integer, (column) => column.notNull())
      .addColumn("created_by", text, (column) => column.notNull())
      .addColumn("expires_at", integer, (column) => column.notNull())
      .addColumn("revoked_at", integer)
      .execute();
    // a key is of one host
    await db.schema.createIndex("hosts_by_key").unique().on("hosts").column("key").execute();
  },
};

export const ENROL_202: FleetMigration = {
  up: async (db, { text }) => {
    await db.schema
      .createTable("mqtt_hosts")
      .addColumn("host", text, (column) => column.primaryKey())
      .execute();
  },
};
