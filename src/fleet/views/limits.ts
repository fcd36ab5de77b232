// SPDX-License-Identifier: Apache-2.0
// Limits of what is read from the store for people.

/** A host that was not heard for so long is late (ms): heartbeats come each 10 s, and other servers write theirs each 30 s. */
export const LATE_MS = 75_000;
/** ... and gone. */
export const GONE_MS = 600_000;
/** So old may the census of states be that answers are made from (ms). */
export const CENSUS_MS = 1_000;
/** As CENSUS_MS, of violations of the last hour and of the last day. */
export const HOUR_GOOD_MS = 2_000;
export const DAY_GOOD_MS = 60_000;
/** States in a summary. */
export const MAX_STATES = 500;
/** Violations that are counted: a list of more is at least that long. */
export const MAX_COUNTED = 100_000;
/** Violations that a search reads, the newest ones: of ten million it would read for minutes, and an embedded database does one thing at a time. */
export const MAX_SEARCHED = 20_000;
/** Behaviours that are listed of the difference between two states. */
export const MAX_DIFFERENCE = 500;
/** Facts about processes in one answer. */
export const MAX_FACTS = 20_000;
/** Violations that are marked in one process tree. */
export const MAX_MARKS = 1_000;
/** Results of a search, of each kind. */
export const MAX_FOUND = 5;
/** Characters of a search: fewer find too much. */
export const MIN_SEARCH_CHARS = 2;
/** Groups of outliers that a list of them is made of. */
export const MAX_OUTLIERS = 500;
