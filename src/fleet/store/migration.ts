// SPDX-License-Identifier: Apache-2.0
// What a migration is. Once released, it is never changed: what comes later is a further one.
import type { Kysely, RawBuilder } from "kysely";

export type Engine = "sqlite" | "postgres";

/** Types of columns that mean the same on both engines. */
export interface ColumnTypes {
  /** compared byte by byte */
  readonly text: RawBuilder<unknown>;
  /** 64 bits, read as a number */
  readonly integer: RawBuilder<unknown>;
  readonly bytes: RawBuilder<unknown>;
}

export interface FleetMigration {
  /** In one transaction with all others that are due: done as a whole or not at all. */
  up(db: Kysely<unknown>, types: ColumnTypes): Promise<void>;
}

/** By name: three digits and a word, `301-access`. They are done in the order of their names; each part has a hundred numbers of its own. */
export type FleetMigrations = Readonly<Record<string, FleetMigration>>;
