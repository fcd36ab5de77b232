// SPDX-License-Identifier: Apache-2.0
// Migration 601: what the first page of the console counts is in one index, so that the rows themselves, which are wide, are not read for it.
import { sql } from "kysely";
import type { FleetMigration } from "../store/migration.ts";

export const SCHEMA_601: FleetMigration = {
  async up(db) {
    await sql`create index workloads_census on workloads
      (name, model, state, host, run, violations, started, mode, sealed, status) where gone = 0`.execute(
      db,
    );
  },
};

/** The index of 601 begins as this one of 101: what is found by one is found by the other, and each has to be written. */
export const SCHEMA_602: FleetMigration = {
  async up(db) {
    await db.schema.dropIndex("workloads_by_name").execute();
  },
};
