// SPDX-License-Identifier: Apache-2.0
// Named maxima of making evidence. Reaching one refuses an order; no workload notices.

/** Orders that wait while evidence of the same run is made; a further one is refused. */
export const MAX_WAITING_ORDERS = 16;
/** Time that a platform gets for one proof (ms): more than it says that it needs itself. */
export const PROOF_MS = 70_000;
/** How often new coefficients are given to the platform (ms). */
export const EXTEND_MS = 200;
/** Coefficients that are given to it at a time. */
export const EXTEND_BATCH = 4_096;
/** Time that a run gets for its answer (ms). */
export const ANSWER_MS = 120_000;
/** Bytes of an answer: the largest token, and what stands around it. */
export const MAX_ANSWER_BYTES: number = 12 * 1024 * 1024;
/** Files of a build. */
export const MAX_BUILD_FILES = 20_000;
