// SPDX-License-Identifier: Apache-2.0
// The thread that has the SQLite file of a fleet (node-sqlite3-wasm): one statement after the other, while the server's event loop goes on.
// docs/decisions/fleet-sqlite.md says why this engine, and why a thread.
import { parentPort, workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import sqlite from "node-sqlite3-wasm";
import type { Database, JSValue, Statement } from "node-sqlite3-wasm";
import { MAX_PREPARED, SQLITE_CACHE_KIB, SQLITE_WAL_LIMIT_BYTES } from "./limits.ts";
import type { SqliteAnswer, SqliteOpening, SqliteRequest, SqliteRow } from "./sqlite-protocol.ts";

/** Statements by their text, the one used last at the end. */
class Prepared {
  readonly #db: Database;
  readonly #statements = new Map<string, Statement>();

  constructor(db: Database) {
    this.#db = db;
  }

  get(text: string): Statement {
    const known = this.#statements.get(text);
    if (known !== undefined) {
      this.#statements.delete(text);
      this.#statements.set(text, known);
      return known;
    }
    const made = this.#db.prepare(text);
    this.#statements.set(text, made);
    const [oldest] = this.#statements;
    if (this.#statements.size > MAX_PREPARED && oldest !== undefined) {
      this.#statements.delete(oldest[0]);
      oldest[1].finalize();
    }
    return made;
  }

  /** Also before a schema changes: a statement that was not finished would hold it. */
  clear(): void {
    for (const statement of this.#statements.values()) statement.finalize();
    this.#statements.clear();
  }
}

function open({ path }: SqliteOpening): Database {
  const db = new sqlite.Database(path);
  // One connection has the file, so the WAL needs no shared memory, which this VFS does not have.
  // FULL: hosts forget a parcel once they are told that it is in the store, so a commit has to survive a power cut.
  for (const pragma of [
    "locking_mode = exclusive",
    "journal_mode = wal",
    "synchronous = full",
    `cache_size = -${SQLITE_CACHE_KIB}`,
    `journal_size_limit = ${SQLITE_WAL_LIMIT_BYTES}`,
    "temp_store = memory",
  ]) {
    db.all(`pragma ${pragma}`);
  }
  db.all("select count(*) from sqlite_schema"); // is it a database at all?
  return db;
}

function answer(prepared: Prepared, request: SqliteRequest): SqliteAnswer {
  const { id, sql: text, want } = request;
  try {
    if (/^\s*(?:create|drop|alter)\b/i.test(text)) prepared.clear();
    const statement = prepared.get(text);
    const parameters = request.parameters as JSValue[];
    if (want === "rows") return { id, rows: statement.all(parameters) as SqliteRow[], changes: 0 };
    return { id, rows: [], changes: statement.run(parameters).changes };
  } catch (error) {
    return { id, error: words(error) };
  }
}

const words = (error: unknown): string => (error instanceof Error ? error.message : `${error}`);

function serve(port: MessagePort): void {
  let db: Database;
  try {
    db = open(workerData as SqliteOpening);
  } catch (error) {
    port.postMessage({ id: 0, error: words(error) } satisfies SqliteAnswer);
    port.close();
    return;
  }
  const prepared = new Prepared(db);
  port.on("message", (request: SqliteRequest) => {
    if (request.want !== "close") return port.postMessage(answer(prepared, request));
    prepared.clear();
    db.close();
    port.postMessage({ id: request.id, rows: [], changes: 0 } satisfies SqliteAnswer);
    return port.close();
  });
  port.postMessage({ id: 0, rows: [], changes: 0 } satisfies SqliteAnswer);
}

if (parentPort !== null) serve(parentPort);
