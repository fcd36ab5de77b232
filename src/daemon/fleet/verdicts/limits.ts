// SPDX-License-Identifier: Apache-2.0
// Named maxima of verdicts on a host, and its times.

/** Rulings that are kept; the oldest go first, and are asked for again when they are wanted. */
export const MAX_KEPT_RULINGS = 65_536;
/** Questions that are under way to the fleet at a time; a further one has no answer. */
export const MAX_QUESTIONS = 256;
/** Behaviours of which it is known who has asked about them. */
export const MAX_ASKED = 10_000;
/** Threads that ask. */
export const MAX_DOOR_CONNECTIONS = 1_024;
/** A question that somebody has to decide is not asked again so soon (ms): what he decides comes by itself. */
export const PENDING_MS = 30_000;
/** How long the fleet may take where nobody waits (ms). */
export const UNHURRIED_MS = 10_000;
/** How often it is told that the fleet gives no verdicts (ms). */
export const SILENCE_EVERY_MS = 60_000;
/** Answers to the question for what was ruled meanwhile, one after the other. */
export const MAX_PAGES = 1_000;
