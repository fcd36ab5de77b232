// SPDX-License-Identifier: Apache-2.0
// Limits of a replay.

/** Texts of behaviours that are remembered with their coefficient; beyond it the memo starts again. */
export const MAX_MEMO_TEXTS = 32_768;
/** Characters of these texts, together. */
export const MAX_MEMO_CHARS: number = 24 * 1024 * 1024;
/** Unreadable records that are reported one by one; the rest is counted. */
export const MAX_REPORTED = 10;
/** Violations that are reported one by one. */
export const MAX_REPORTED_VIOLATIONS = 10;
