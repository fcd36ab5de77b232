// SPDX-License-Identifier: Apache-2.0
// How much a report page shows. What is beyond a limit is summed up in it, in numbers, and said in its notices.

/** Behaviours that are listed one by one; the rest is counted by program and kind. */
export const MAX_REPORT_BEHAVIOURS = 50_000;
/** Processes that are drawn. */
export const MAX_REPORT_PROCESSES = 20_000;
/** Violations that are listed, and that are explained: each is compared with all that is allowed. */
export const MAX_REPORT_VIOLATIONS = 1_000;
export const MAX_EXPLAINED_VIOLATIONS = 100;
/** Refused calls of untrusted processes that are listed. */
export const MAX_REPORT_REFUSED = 1_000;
/** Behaviours of either model that a comparison lists. */
export const MAX_REPORT_DIFFERENCES = 10_000;
/** Programs that one process ran, as far as they are told. */
export const MAX_REPORT_EXECS = 50;
/** UTF-16 units of one sentence about a behaviour; two quoted paths fit. */
export const MAX_REPORT_WORDS = 1_200;
