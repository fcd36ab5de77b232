// SPDX-License-Identifier: Apache-2.0
// Named maxima of the pseudo-files.

/** Content of one READ at most; the kernel asks for 128 KiB at a time. */
export const MAX_READ_BYTES = 131_072;
/** How old the list of namespaces and what `stat` says of a file may be (ms). Opening a file asks anew. */
export const FRESH_MS = 100;
/** A file of records that nobody has open is forgotten after this time, and read anew when somebody wants it (ms). */
export const SPOOL_IDLE_MS = 60_000;
/** Longest command of a control file (bytes): a verb with a value of 64 bytes as hex. */
export const MAX_COMMAND_BYTES = 256;
