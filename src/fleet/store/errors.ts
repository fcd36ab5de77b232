// SPDX-License-Identifier: Apache-2.0
// What can be wrong with the database of a fleet.
import { CodedError } from "../../base/errors.ts";

export type StoreErrorCode =
  /** --db is no address of a database */
  | "BAD_DB_URL"
  /** another server has the file */
  | "DB_IN_USE"
  /** not there, or it does not let us in */
  | "DB_UNREACHABLE"
  /** made by a later Galgo */
  | "DB_NEWER"
  | "MIGRATION_FAILED"
  /** the thread that has the file has ended */
  | "DB_GONE"
  /** a statement was refused, with the engine's words */
  | "QUERY_FAILED";

export class StoreError extends CodedError<StoreErrorCode> {}
