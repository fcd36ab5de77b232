// SPDX-License-Identifier: Apache-2.0
// All migrations, and bringing a database to them. Each part adds one line here and keeps the rest in its folder.
import { Migrator, sql } from "kysely";
import type { Kysely, Migration } from "kysely";
import { quote } from "../../base/quote.ts";
import { SCHEMA_404 } from "../attestations/schema-404.ts";
import { SCHEMA_301 } from "../auth/schema-301.ts";
import { ENROL_201, ENROL_202 } from "../enrol/tables.ts";
import { SCHEMA_405 } from "../commands/schema-405.ts";
import { SCHEMA_401 } from "../commands/schema-401.ts";
import { SCHEMA_601, SCHEMA_602 } from "../views/schema-601.ts";
import { SCHEMA_501 } from "../verdicts/tables.ts";
import { SCHEMA_402 } from "../models/schema-402.ts";
import { SCHEMA_403 } from "../rollouts/schema-403.ts";
import { StoreError } from "./errors.ts";
import type { ColumnTypes, Engine, FleetMigration, FleetMigrations } from "./migration.ts";
import { SCHEMA_101 } from "./schema-101.ts";

/** In any order: names decide. 1xx store and ingest, 2xx enrolment, 3xx users and audit, 4xx commands, roll-outs and models, 5xx verdicts, 6xx views. */
export const MIGRATIONS: FleetMigrations = {
  "101-store": SCHEMA_101,
  "602-census": SCHEMA_602,
  "301-access": SCHEMA_301,
  "401-commands": SCHEMA_401,
  "402-models": SCHEMA_402,
  "403-rollouts": SCHEMA_403,
  "404-attestations": SCHEMA_404,
  "405-waiting": SCHEMA_405,
  "201-enrolment": ENROL_201,
  "202-devices": ENROL_202,
  "601-views": SCHEMA_601,
  "501-verdicts": SCHEMA_501,
};

const TABLE = "galgo_migrations";
const LOCK_TABLE = "galgo_migration_lock";
const NAME = /^[1-9]\d{2}-[a-z][a-z0-9-]*$/;

const TYPES: Readonly<Record<Engine, ColumnTypes>> = {
  sqlite: { text: sql`text`, integer: sql`integer`, bytes: sql`blob` },
  // The same order of texts everywhere, whatever the locale of the database
  postgres: { text: sql`text collate "C"`, integer: sql`bigint`, bytes: sql`bytea` },
};

/**
 * Does what has not been done yet, in one transaction; servers that start at the same time wait for each other.
 * @returns names of what was done now
 * @throws StoreError DB_NEWER, MIGRATION_FAILED
 */
export async function migrate<T>(
  db: Kysely<T>,
  engine: Engine,
  migrations: FleetMigrations = MIGRATIONS,
): Promise<readonly string[]> {
  const names = Object.keys(migrations);
  for (const name of names) {
    if (!NAME.test(name)) throw failed(`the migration ${quote(name)} has no name like 101-store`);
  }
  const migrator = new Migrator({
    db,
    provider: {
      getMigrations: async () =>
        Object.fromEntries(
          Object.entries(migrations).map(([name, one]) => [name, withTypes(one, engine)]),
        ),
    },
    migrationTableName: TABLE,
    migrationLockTableName: LOCK_TABLE,
    allowUnorderedMigrations: true,
  });
  await refuseNewer(db, new Set(names));
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) {
    const at = results?.find(({ status }) => status === "Error")?.migrationName;
    throw failed(
      `the database could not be brought up to date${at ? ` (at ${at})` : ""}: ${words(error)}; nothing was changed`,
      error,
    );
  }
  return (results ?? []).map(({ migrationName }) => migrationName);
}

function withTypes(migration: FleetMigration, engine: Engine): Migration {
  return { up: (db: Kysely<unknown>) => migration.up(db, TYPES[engine]) };
}

/** Kysely calls that corrupt; people need to know which of the two is too old. */
async function refuseNewer<T>(db: Kysely<T>, known: ReadonlySet<string>): Promise<void> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === TABLE)) return;
  const done = await sql<{ name: string }>`select name from ${sql.table(TABLE)}`.execute(db);
  const strange = done.rows.map(({ name }) => name).filter((name) => !known.has(name));
  if (strange.length === 0) return;
  throw new StoreError(
    "DB_NEWER",
    `the database was made by a later Galgo (it has ${strange
      .slice(0, 3)
      .map((name) => quote(name))
      .join(", ")}); start that one, or restore a copy from before the upgrade`,
  );
}

const words = (error: unknown): string => (error instanceof Error ? error.message : `${error}`);

function failed(message: string, cause?: unknown): StoreError {
  return new StoreError("MIGRATION_FAILED", message, { cause });
}
