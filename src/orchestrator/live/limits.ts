// SPDX-License-Identifier: Apache-2.0
// Named maxima of what is shown of a namespace while it runs.

/** Records that are counted before the thread looks after its other duties. */
export const LINES_A_TURN = 1_000;
/** A power of two, so that a point's place is found without a division. */
export const SHARED_POINTS_BITS = 12;
/** Points in one piece of shared memory: 164 KiB with 32-byte digests. */
export const SHARED_POINTS: number = 1 << SHARED_POINTS_BITS;
/** How often the thread that decides is looked at while an event that began before `seal` is in hand (ms). */
export const SEAL_POLL_MS = 1;
