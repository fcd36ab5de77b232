// SPDX-License-Identifier: Apache-2.0
// Migration 405: what still waits is found without looking at what does not.
import type { FleetMigration } from "../store/migration.ts";

export const SCHEMA_405: FleetMigration = {
  async up(db) {
    await db.schema
      .createIndex("command_hosts_waiting")
      .on("command_hosts")
      .columns(["status", "command"])
      .execute();
    await db.schema
      .createIndex("attestations_waiting")
      .on("attestations")
      .columns(["accepted", "at"])
      .execute();
  },
};
