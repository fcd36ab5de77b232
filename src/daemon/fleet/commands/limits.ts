// SPDX-License-Identifier: Apache-2.0
// Named maxima of commands on a host.

/** Commands that are carried out at a time; further ones are refused, by name. */
export const MAX_AT_ONCE = 256;
/** Commands that are remembered, those that have expired as long as there is room: one that comes again is not carried out again. */
export const MAX_REMEMBERED = 20_000;
/** How long the processes of a workload may take to be gone (ms), before the command is said to have failed. */
export const KILL_WAIT_MS = 10_000;
/** How long any other order to a workload may take (ms). */
export const ACT_MS = 20_000;
/** How often processes that were joined are looked for while they are killed (ms). */
export const KILL_LOOK_MS = 20;
/** How often one reason for a refusal is told (ms): whoever forges commands may send many. */
export const REFUSAL_EVERY_MS = 60_000;
/** Answers to the question for missed commands, one after the other. */
export const MAX_ANSWERS = 100;
/** A model that the fleet sends (bytes). */
export const MAX_FLEET_MODEL_BYTES: number = 64 * 1024 * 1024;
