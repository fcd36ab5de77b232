// SPDX-License-Identifier: Apache-2.0
// Values on their way into statements: text that both engines take, and lists in pieces.
import { sql } from "kysely";
import type { RawBuilder } from "kysely";
import { MAX_PARAMETERS } from "./limits.ts";

/** Text from outside as both engines can have it: PostgreSQL takes no NUL and no half of a character. JSON needs it not: it escapes both. */
export function dbText(text: string): string {
  return text.replace(/[\0\p{Surrogate}]/gu, "\ufffd");
}

/** `list` in pieces of which each fits into a statement that has `width` parameters for each element. */
export function pieces<T>(list: readonly T[], width: number): readonly (readonly T[])[] {
  const size = Math.max(1, Math.floor(MAX_PARAMETERS / width));
  const count = Math.ceil(list.length / size);
  return Array.from({ length: count }, (_, i) => list.slice(i * size, (i + 1) * size));
}

/** `(values (a, b), (c, d))` of texts: what both engines compare tuples with. Not for an empty list. */
export function valuesOf(rows: readonly (readonly string[])[]): RawBuilder<unknown> {
  const tuples = rows.map(
    (row) => sql`(${sql.join(row.map((text) => sql`cast(${text} as text)`))})`,
  );
  return sql`(values ${sql.join(tuples)})`;
}

/** Whether a column holds a text, whatever the case of Latin letters: both engines know the case of no others (PostgreSQL by collation "C"). */
export function holds(column: string, text: string): RawBuilder<boolean> {
  const lower = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return sql<boolean>`lower(${sql.ref(column)}) like ${holding(lower)} escape '\\'`;
}

/** A pattern for `like ... escape '\'` that finds what holds `text`. */
export function holding(text: string): string {
  return `%${dbText(text).replace(/[\\%_]/g, "\\$&")}%`;
}
