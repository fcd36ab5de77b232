// SPDX-License-Identifier: Apache-2.0
// A row of a list, as far as every list needs it.

/** What the list must know of a row; `key` tells it from all others. */
export interface ListRow {
  readonly key: string;
  /** From 1. */
  readonly level: number;
  /** Absent: there is nothing in it. */
  readonly open?: boolean;
}
