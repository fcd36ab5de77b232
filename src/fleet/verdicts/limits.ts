// SPDX-License-Identifier: Apache-2.0
// Named maxima of verdicts on the server.

/** Questions that one host may bring in a minute, beside those that are ruled about already. */
export const MAX_NEW_A_MINUTE = 600;
/** Behaviours that wait for somebody; no more are kept then. */
export const MAX_WAITING = 100_000;
/** Runs that are kept of those that have asked about one behaviour. */
export const MAX_ASKERS = 1_000;
/** Characters of a reason. */
export const MAX_REASON = 1_000;
/** How often the number of waiting behaviours is looked at (ms). */
export const COUNT_MS = 30_000;
/** Models that have a policy of their own. */
export const MAX_POLICIES = 10_000;
