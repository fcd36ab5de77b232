// SPDX-License-Identifier: Apache-2.0
// Named maxima of what container runtimes hand over. Beyond them a container is refused.

/** A container's state, with its annotations (bytes). */
export const MAX_STATE_BYTES: number = 1024 * 1024;
/** Time that a runtime gets to say which container it hands over (ms). */
export const STATE_MS = 5_000;
/** A bundle's config.json, and what an engine keeps of its containers and images (bytes). */
export const MAX_BUNDLE_BYTES: number = 4 * 1024 * 1024;
/** Runs that a model of a container is learned from; beyond them a run is added only when it brings something new. */
export const MAX_LEARNING_RUNS = 50;
/** Time that a container waits while what others did is added to their models (ms); the hook waits twice as long for its answer. */
export const LEARNED_WAIT_MS = 5_000;
/** What the hook is answered (characters); it has room for 8,191 bytes. */
export const MAX_ANSWER_CHARACTERS = 2_000;
/** Longest time that one decision for a container may take without progress (ms). */
export const DEADLINE_MS = 10_000;
/** Time that the kernel gets to tell how a container's first process ended, once it has (ms). */
export const EXIT_STATUS_MS = 2_000;
