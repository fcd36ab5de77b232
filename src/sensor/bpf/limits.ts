// SPDX-License-Identifier: Apache-2.0
// Named maxima of the BPF sensor. Reaching one refuses, waits, or goes the slow way through the agent; nothing is dropped.

/** Bytes of a ring that are taken before programs may write over them again. */
export const MAX_UNPUBLISHED_BYTES: number = 16 * 1024;
/** Behaviours of a namespace that the kernel recognises; those beyond go through the agent each time. */
export const MAX_INTERNED_KEYS = 262_144;
/** Buckets of a new table: with its head and the page that the kernel adds it takes 98,304 bytes, whatever it holds. */
export const FIRST_BUCKETS = 980;
/** Time that a table that was replaced stays readable (ms): a program that found an entry in it has counted by then. */
export const RETIRED_TABLE_MS = 10_000;
/** Time that other processes get to load or remove the programs (ms). */
export const LOCK_DEADLINE_MS = 60_000;
/** Time between two tries to get the lock (ms). */
export const LOCK_RETRY_MS = 10;
