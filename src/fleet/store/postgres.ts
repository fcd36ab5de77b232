// SPDX-License-Identifier: Apache-2.0
// PostgreSQL, for fleets that have grown. Connections that break are replaced by the pool when they are wanted next.
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { quote } from "../../base/quote.ts";
import { StoreError } from "./errors.ts";
import { PG_CONNECTIONS, PG_CONNECT_MS, PG_STATEMENT_MS } from "./limits.ts";

const OID_INT8 = 20;

/** @throws StoreError DB_UNREACHABLE */
export async function openPostgres<T>(
  url: string,
): Promise<{ db: Kysely<T>; close(): Promise<void> }> {
  const pool = new pg.Pool({
    connectionString: url,
    max: PG_CONNECTIONS,
    connectionTimeoutMillis: PG_CONNECT_MS,
    statement_timeout: PG_STATEMENT_MS,
    keepAlive: true,
    application_name: "galgo-fleet",
    // Times and counts are far below 2^53
    types: {
      getTypeParser: ((oid: number, format?: "text" | "binary") =>
        oid === OID_INT8 ? Number : pg.types.getTypeParser(oid, format ?? "text")) as never,
    },
  });
  // An idle connection that breaks is told here; whoever wants one next gets a new one, or the error.
  pool.on("error", () => undefined);
  // One that breaks in somebody's hands tells his statement; without a listener it would also end the server.
  pool.on("connect", (client) => client.on("error", () => undefined));
  try {
    const encoding = await pool.query<{ server_encoding: string }>("show server_encoding");
    if (encoding.rows[0]?.server_encoding !== "UTF8") {
      throw new Error("its encoding is not UTF8; make it with createdb -E UTF8 -T template0");
    }
  } catch (error) {
    await pool.end();
    throw unreachable(url, error);
  }
  const db = new Kysely<T>({ dialect: new PostgresDialect({ pool }) });
  return { db, close: () => db.destroy() };
}

/** The address without its password, for messages. */
export function shownUrl(url: string): string {
  try {
    const parts = new URL(url);
    parts.password = "";
    parts.search = "";
    return quote(parts.href);
  } catch {
    return "that was given";
  }
}

function unreachable(url: string, error: unknown): StoreError {
  const words = error instanceof Error && error.message !== "" ? error.message : codeOf(error);
  return new StoreError(
    "DB_UNREACHABLE",
    `the database ${shownUrl(url)} can not be used: ${quote(words)}`,
    { cause: error },
  );
}

/** What several addresses of one name refused has no message of its own. */
function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? `${error.code}` : `${error}`;
}
