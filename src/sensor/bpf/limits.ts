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
export const LOCK_DEADLINE_MS = 300_000;
/** Time between two tries to get the lock (ms). */
export const LOCK_RETRY_MS = 10;
/** Records taken before anything else is looked at; the rest is taken in the next turn. */
export const MAX_RECORDS_A_TURN = 4_096;
/** The same, and questions answered, where other namespaces of the thread wait. */
export const RECORDS_BESIDE_OTHERS = 64;
/** Looks at a record that is still being written before there is a pause between them. */
export const BUSY_LOOKS = 500;
/** Pause while a record is still being written by a program that was interrupted (ms). */
export const BUSY_WAIT_MS = 1;
/** Time between two looks at counts that could grow too large, and at tables that can go (ms). */
export const RELIEVE_EVERY_MS = 600_000;
/** Answers of which nobody has asked for the one that it waits for, before those of dead tasks are looked for. */
export const MAX_UNASKED_ANSWERS = 4_096;
/** Directories in which the objects that a program makes are counted; the oldest goes first, and that is reported as a loss. */
export const MAX_COUNTED_DIRECTORIES = 1_000_000;
/** Root directories of tasks in which temporary directories are known. */
export const MAX_ROOTS = 256;
/** Contents whose digests are known by what the programs key of them; the oldest goes first. */
export const MAX_KNOWN_CONTENTS = 65_536;
/** Mounts of a filesystem that are tried to open a file by its handle. */
export const MAX_MOUNTS_TRIED = 8;
/** Descriptors of a task among which a file without a name is looked for. */
export const MAX_DESCRIPTORS = 1_024;
/** Programs that others are primed to signal and look at by trying; of those beyond only what hints tell is primed. */
export const MAX_TARGETS = 64;
