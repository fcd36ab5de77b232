// SPDX-License-Identifier: Apache-2.0
// Named maxima of the threads that decide for many workloads.

/** Threads; fewer where there are fewer processors. */
export const MAX_DECISION_THREADS = 4;
/** Longest that a thread sleeps in the kernel (ms): a thread that is to be ended notices it then at the latest. */
export const MAX_SLEEP_MS = 1_000;
/** As MAX_SLEEP_MS, while an order waits for the event loop of the thread. */
export const PENDING_SLEEP_MS = 1;
/** Time that one event of one workload may take, without that its work advances, while others of its thread wait (ms). Then it is killed. */
export const MAX_OTHERS_WAIT_MS = 3_000;
/** Time that a thread gets to come back once the workload that held it up is dead (ms). Then all its workloads are killed. */
export const THREAD_GRACE_MS = 2_000;
/** How often the threads are looked at (ms). */
export const LOOK_MS = 250;
/** Workloads whose long work may wait below the long work of another one, in one thread. */
export const MAX_NESTED_TURNS = 4;
/** Time that the event of one of these may take, while those above it can not go on (ms). Then it is not described: lost, or refused. */
export const MAX_NESTED_WORK_MS = 3_000;
/** Looks, one after the other, at which workloads of a thread waited and it had done nothing since the one before. Then it is given up. */
export const MAX_STALLED_LOOKS = 40;
/** Time between two looks for others who wait, during long work (ms). */
export const LONG_WORK_LOOK_MS = 5;
/** Time that a thread gets to end when it is told to (ms). */
export const QUIT_MS = 2_000;
/** What a thread may make new before V8 tidies up (MiB): its default, three times as much, is memory that a few hundred quiet workloads need. */
export const YOUNG_HEAP_MB = 12;
