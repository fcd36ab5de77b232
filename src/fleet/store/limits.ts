// SPDX-License-Identifier: Apache-2.0
// Limits of the store.

/** Prepared statements that the SQLite thread keeps; the one that was not used for longest goes first. */
export const MAX_PREPARED = 300;
/** Pages that SQLite keeps in memory, in KiB. */
export const SQLITE_CACHE_KIB = 65_536;
/** A WAL that has grown beyond this is cut back to it, in bytes. */
export const SQLITE_WAL_LIMIT_BYTES: number = 64 * 1024 * 1024;
/** Connections of one server to PostgreSQL, which takes up to 25 MiB for each: ingest needs one, consoles share the others. */
export const PG_CONNECTIONS = 6;
export const PG_CONNECT_MS = 5_000;
/** A statement that takes longer is given up by PostgreSQL. */
export const PG_STATEMENT_MS = 60_000;
/** Most parameters of one statement: SQLite takes 32,766, PostgreSQL 65,535, but each costs it a kilobyte of memory while it reads the statement. */
export const MAX_PARAMETERS = 8_000;
/** How often a transaction is begun that PostgreSQL gave up for another one. */
export const MAX_TRANSACTION_TRIES = 5;
