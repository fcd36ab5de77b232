// SPDX-License-Identifier: Apache-2.0
// Kysely's SQLite over the thread that has the file. There is one connection, and who has it has it alone.
import {
  CompiledQuery,
  DeleteQueryNode,
  InsertQueryNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  UpdateQueryNode,
} from "kysely";
import type {
  DatabaseConnection,
  DatabaseIntrospector,
  Dialect,
  Driver,
  Kysely,
  QueryResult,
} from "kysely";
import type { SqliteFile } from "./sqlite-file.ts";
import type { SqliteLink } from "./sqlite-link.ts";
import type { SqliteRequest, SqliteValue } from "./sqlite-protocol.ts";

export class SqliteThreadDialect implements Dialect {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  createAdapter(): SqliteAdapter {
    return new Adapter();
  }

  createDriver(): Driver {
    return new ThreadDriver(this.#file);
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new SqliteIntrospector(db);
  }

  createQueryCompiler(): SqliteQueryCompiler {
    return new SqliteQueryCompiler();
  }
}

/** Changes of the schema are part of a transaction in SQLite. */
class Adapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class ThreadDriver implements Driver {
  readonly #file: SqliteFile;
  /** Ends when nobody who asked so far has the connection any more. */
  #free: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  async init(): Promise<void> {}

  /** A connection is one thread to its end: no half of a transaction goes on in the next one. */
  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#free;
    let release = (): void => undefined;
    this.#free = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    try {
      const connection = new ThreadConnection(await this.#file.link());
      this.#release = release;
      return connection;
    } catch (error) {
      release();
      throw error;
    }
  }

  async releaseConnection(): Promise<void> {
    this.#release();
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("begin immediate"));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("commit"));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("rollback"));
  }

  async destroy(): Promise<void> {
    await this.#file.close();
  }
}

class ThreadConnection implements DatabaseConnection {
  readonly #link: SqliteLink;

  constructor(link: SqliteLink) {
    this.#link = link;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const want = wanted(query);
    const { rows, changes } = await this.#link.ask(
      query.sql,
      query.parameters as readonly SqliteValue[],
      want,
    );
    if (want === "rows") return { rows: rows as R[] };
    return { rows: [], numAffectedRows: BigInt(changes) };
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error("rows are read in pages, not as a stream");
  }
}

function wanted({ query }: CompiledQuery): SqliteRequest["want"] {
  const changes =
    (InsertQueryNode.is(query) || UpdateQueryNode.is(query) || DeleteQueryNode.is(query)) &&
    query.returning === undefined;
  return changes ? "changes" : "rows";
}
