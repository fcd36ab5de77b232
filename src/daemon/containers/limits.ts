// SPDX-License-Identifier: Apache-2.0
// Named maxima of what container runtimes hand over. Beyond them a container is refused.

/** A container's state, with its annotations (bytes). */
export const MAX_STATE_BYTES: number = 1024 * 1024;
/** Time that a runtime gets to say which container it hands over (ms). */
export const STATE_MS = 5_000;
/** A bundle's config.json (bytes). */
export const MAX_BUNDLE_BYTES: number = 4 * 1024 * 1024;
/** Runs that a model of a container is learned from; beyond them a run is added only when it brings something new. */
export const MAX_LEARNING_RUNS = 50;
/** Longest time that one decision for a container may take without progress (ms). */
export const DEADLINE_MS = 10_000;
/** Time that the kernel gets to tell how a container's first process ended, once it has (ms). */
export const EXIT_STATUS_MS = 2_000;
