// SPDX-License-Identifier: Apache-2.0
// Named maxima of the TSEM sensor. Reaching one refuses, waits or is counted as loss; nothing is dropped silently.

/** Longest command that the kernel takes, its newline included (bytes). */
export const MAX_COMMAND_BYTES = 127;
/** What one read of the export file asks for (bytes): the kernel gives one record, of a page at most where it cuts them. */
export const READ_BYTES: number = 64 * 1024;
/** A record put together from several reads (bytes). */
export const MAX_RECORD_BYTES: number = 1024 * 1024;
/** Records taken before anything else is looked at; the rest is taken in the next turn. */
export const MAX_RECORDS_A_TURN = 4_096;
/** Time that a new namespace gets to show its id and its export file (ms). */
export const NAMESPACE_DEADLINE_MS = 5_000;
/** Time between two looks at a file that is not there yet (ms). */
export const RETRY_MS = 1;
/** Time that the launcher gets for one step (ms). */
export const LAUNCHER_DEADLINE_MS = 10_000;
/** Tasks of a workload whose last tnum is kept; of more than these the oldest are forgotten. */
export const MAX_KNOWN_TASKS = 65_536;
/** Time between two walks over the workload while a task waits that no record names (ms). */
export const NAMELESS_TICK_MS = 50;
/** Size of a file of the kernel's model that is read (bytes). */
export const MAX_MODEL_FILE_BYTES: number = 256 * 1024 * 1024;
