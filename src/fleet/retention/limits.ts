// SPDX-License-Identifier: Apache-2.0
// Limits of what is deleted for its age.

/** The first time after the start of a server, and then again after so long. */
export const FIRST_MS = 60_000;
export const AGAIN_MS = 3_600_000;
/** Rows of one transaction: what hosts send gets its turn between two of them. */
export const MAX_ROWS_AT_ONCE = 1_000;
/** Workloads whose processes go in one transaction: each may have many rows. */
export const MAX_WORKLOADS_AT_ONCE = 50;
/** States whose sets go in one transaction: each may have thousands of coefficients. */
export const MAX_STATES_AT_ONCE = 20;
