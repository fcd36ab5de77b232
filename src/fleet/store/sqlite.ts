// SPDX-License-Identifier: Apache-2.0
// The embedded database: a file of one server. A lock of our own says whose it is; that of the engine stays behind when a server is killed.
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { Kysely } from "kysely";
import { quote } from "../../base/quote.ts";
import { tryLock } from "../../native/process.ffi.ts";
import { StoreError } from "./errors.ts";
import { SqliteThreadDialect } from "./sqlite-dialect.ts";
import { SqliteFile } from "./sqlite-file.ts";

/** @throws StoreError DB_IN_USE, DB_UNREACHABLE */
export async function openSqlite<T>(
  path: string,
): Promise<{ db: Kysely<T>; close(): Promise<void> }> {
  const lock = lockFor(path);
  try {
    closeSync(openSync(path, "a", 0o600)); // the engine would make it readable by all
    const file = new SqliteFile(path);
    await file.link();
    const db = new Kysely<T>({ dialect: new SqliteThreadDialect(file) });
    let closed: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      await db.destroy();
      await file.close(); // also when nothing was asked of it
      closeSync(lock);
    };
    return {
      db,
      close: () => {
        closed ??= close();
        return closed;
      },
    };
  } catch (error) {
    closeSync(lock);
    throw unreachable(path, error);
  }
}

function lockFor(path: string): number {
  let lock: number;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    lock = openSync(`${path}.server`, "a", 0o600);
  } catch (error) {
    throw unreachable(path, error);
  }
  if (tryLock(lock)) return lock;
  closeSync(lock);
  throw new StoreError(
    "DB_IN_USE",
    `another server has the database ${quote(path)}; end it, or give both a PostgreSQL with --db postgres://...`,
  );
}

function unreachable(path: string, error: unknown): StoreError {
  const words = error instanceof Error ? error.message : `${error}`;
  return new StoreError(
    "DB_UNREACHABLE",
    `the database ${quote(path)} can not be opened: ${words}`,
    { cause: error },
  );
}
