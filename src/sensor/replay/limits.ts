// SPDX-License-Identifier: Apache-2.0
// Limits of reading a recorded stream. What is beyond one of them is reported and kept, never cut.

/** Bytes asked for at once. */
export const READ_BYTES: number = 256 * 1024;
/** Bytes of one physical line; a longer one is no record and is kept piece by piece. */
export const MAX_LINE_BYTES: number = 2 * 1024 * 1024;
/** Lines, and characters of them, that may follow a record while it is tried whether they belong to it: two longest paths. */
export const MAX_STRAY_LINES = 64;
export const MAX_STRAY_CHARS: number = 16 * 1024;
/** Pause before a stdin that has nothing yet, and does not let itself be waited for, is asked again (ms). */
export const RETRY_MS = 5;
