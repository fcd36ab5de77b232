// SPDX-License-Identifier: Apache-2.0
// Opens the database of a fleet and brings it up to date: a file of this server, or PostgreSQL.
import { resolve } from "node:path";
import type { Kysely, Transaction } from "kysely";
import { quote } from "../../base/quote.ts";
import { StoreError } from "./errors.ts";
import { MAX_TRANSACTION_TRIES } from "./limits.ts";
import type { Engine, FleetMigrations } from "./migration.ts";
import { MIGRATIONS, migrate } from "./migrations.ts";
import { openPostgres } from "./postgres.ts";
import { openSqlite } from "./sqlite.ts";
import type { FleetSchema } from "./tables.ts";

export interface FleetStore {
  readonly engine: Engine;
  /** Other parts see their tables by `db.withTables<TheirTables>()`. */
  readonly db: Kysely<FleetSchema>;
  /** Names of the migrations that were done when it was opened. */
  readonly migrated: readonly string[];
  /**
   * All of `run` or nothing. `run` is called again when PostgreSQL gave this transaction up for another one (a deadlock),
   * so it must do nothing but ask `tx`; SQLite has one writer at a time.
   */
  transaction<T>(run: (tx: Transaction<FleetSchema>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface StoreOptions {
  /** `sqlite:` (a file in `dataRoot`), `sqlite:PATH`, `postgres://...`, `postgresql://...` */
  readonly url: string;
  /** Folder of the server. */
  readonly dataRoot: string;
  /** For tests of upgrades. */
  readonly migrations?: FleetMigrations;
}

/** Name of the file in the folder of the server. */
export const SQLITE_FILE = "fleet.db";
/** Codes of PostgreSQL for a transaction that was given up for another one: serialization_failure, deadlock_detected. */
const GIVEN_UP: ReadonlySet<unknown> = new Set(["40001", "40P01"]);

/** @throws StoreError with one line that says what to do */
export async function openStore(options: StoreOptions): Promise<FleetStore> {
  const { engine, place } = placeOf(options);
  const { db, close } =
    engine === "sqlite"
      ? await openSqlite<FleetSchema>(place)
      : await openPostgres<FleetSchema>(place);
  try {
    const migrated = await migrate(db, engine, options.migrations ?? MIGRATIONS);
    return { engine, db, migrated, transaction: (run) => transaction(db, run), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function transaction<T>(
  db: Kysely<FleetSchema>,
  run: (tx: Transaction<FleetSchema>) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await db.transaction().execute(run);
    } catch (error) {
      const again = error instanceof Error && "code" in error && GIVEN_UP.has(error.code);
      if (!again || tries >= MAX_TRANSACTION_TRIES) throw error;
    }
  }
}

function placeOf({ url, dataRoot }: StoreOptions): { engine: Engine; place: string } {
  if (url === "sqlite:") return { engine: "sqlite", place: resolve(dataRoot, SQLITE_FILE) };
  if (url.startsWith("sqlite:")) {
    return { engine: "sqlite", place: resolve(url.slice("sqlite:".length)) };
  }
  if (/^postgres(?:ql)?:\/\//.test(url) && URL.canParse(url)) {
    return { engine: "postgres", place: url };
  }
  const scheme = /^[a-z]{1,20}:/i.exec(url)?.[0] ?? "it";
  throw new StoreError(
    "BAD_DB_URL",
    `the database has to be sqlite:, sqlite:PATH or postgres://USER@HOST/NAME; ${quote(scheme)} is none of them`,
  );
}
