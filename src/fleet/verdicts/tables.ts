// SPDX-License-Identifier: Apache-2.0
// Tables of verdicts (migration 501): behaviours that hosts have asked about, who has asked, what was ruled, and what holds where nobody has.
import type { Kysely } from "kysely";
import type { FleetMigration } from "../store/migration.ts";
import type { FleetSchema } from "../store/index.ts";

/** A behaviour outside of a model. */
export interface QuestionRecord {
  readonly model: string;
  readonly coefficient: string;
  readonly name: string;
  readonly words: string;
  readonly hook: string;
  /** JSON of the event; "" where the host has sent none */
  readonly record: string;
  readonly first: number;
  readonly last: number;
  readonly asked: number;
}

export interface AskerRecord {
  readonly model: string;
  readonly coefficient: string;
  readonly host: string;
  readonly run: string;
}

export interface RulingRecord {
  readonly model: string;
  readonly coefficient: string;
  readonly verdict: string;
  /** grows with every ruling of the fleet */
  readonly rev: number;
  readonly by: string;
  readonly reason: string;
  readonly at: number;
}

export interface PolicyRecord {
  /** "": of all that have none of their own */
  readonly model: string;
  readonly unknown: string;
  readonly by: string;
  readonly at: number;
}

// a type, as Kysely's withTables wants no interface
export type VerdictTables = {
  verdict_questions: QuestionRecord;
  verdict_askers: AskerRecord;
  verdict_rulings: RulingRecord;
  verdict_policies: PolicyRecord;
  /** one row: the highest `rev` that was given */
  verdict_counter: { readonly id: number; readonly rev: number };
};

export type VerdictDb = Kysely<FleetSchema & VerdictTables>;

export const SCHEMA_501: FleetMigration = {
  async up(db, { text, integer }) {
    await db.schema
      .createTable("verdict_questions")
      .addColumn("model", text, (column) => column.notNull())
      .addColumn("coefficient", text, (column) => column.notNull())
      .addColumn("name", text, (column) => column.notNull())
      .addColumn("words", text, (column) => column.notNull())
      .addColumn("hook", text, (column) => column.notNull())
      .addColumn("record", text, (column) => column.notNull())
      .addColumn("first", integer, (column) => column.notNull())
      .addColumn("last", integer, (column) => column.notNull())
      .addColumn("asked", integer, (column) => column.notNull())
      .addPrimaryKeyConstraint("verdict_questions_key", ["model", "coefficient"])
      .execute();
    await db.schema
      .createIndex("verdict_questions_by_time")
      .on("verdict_questions")
      .columns(["last"])
      .execute();
    await db.schema
      .createTable("verdict_askers")
      .addColumn("model", text, (column) => column.notNull())
      .addColumn("coefficient", text, (column) => column.notNull())
      .addColumn("host", text, (column) => column.notNull())
      .addColumn("run", text, (column) => column.notNull())
      .addPrimaryKeyConstraint("verdict_askers_key", ["model", "coefficient", "host", "run"])
      .execute();
    await db.schema
      .createTable("verdict_rulings")
      .addColumn("model", text, (column) => column.notNull())
      .addColumn("coefficient", text, (column) => column.notNull())
      .addColumn("verdict", text, (column) => column.notNull())
      .addColumn("rev", integer, (column) => column.notNull().unique())
      .addColumn("by", text, (column) => column.notNull())
      .addColumn("reason", text, (column) => column.notNull())
      .addColumn("at", integer, (column) => column.notNull())
      .addPrimaryKeyConstraint("verdict_rulings_key", ["model", "coefficient"])
      .execute();
    await db.schema
      .createTable("verdict_policies")
      .addColumn("model", text, (column) => column.notNull().primaryKey())
      .addColumn("unknown", text, (column) => column.notNull())
      .addColumn("by", text, (column) => column.notNull())
      .addColumn("at", integer, (column) => column.notNull())
      .execute();
    await db.schema
      .createTable("verdict_counter")
      .addColumn("id", integer, (column) => column.notNull().primaryKey())
      .addColumn("rev", integer, (column) => column.notNull())
      .execute();
    const tables = db as VerdictDb;
    await tables.insertInto("verdict_counter").values({ id: 1, rev: 0 }).execute();
  },
};
