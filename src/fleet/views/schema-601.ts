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
