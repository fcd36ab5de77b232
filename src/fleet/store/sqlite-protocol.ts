// SPDX-License-Identifier: Apache-2.0
// What the thread that has the SQLite file is told, and what it answers.

export type SqliteValue = number | bigint | string | Uint8Array | null;

export interface SqliteOpening {
  readonly path: string;
}

export interface SqliteRequest {
  readonly id: number;
  readonly sql: string;
  readonly parameters: readonly SqliteValue[];
  /** rows: a statement that has some; changes: one whose number of changed rows is wanted; close: ends the thread */
  readonly want: "rows" | "changes" | "close";
}

export type SqliteRow = Record<string, SqliteValue>;

/** The first answer has the id 0: whether the file could be opened. */
export type SqliteAnswer =
  | { readonly id: number; readonly rows: readonly SqliteRow[]; readonly changes: number }
  | { readonly id: number; readonly error: string };
