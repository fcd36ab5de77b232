// SPDX-License-Identifier: Apache-2.0
// Limits of putting a recorded stream together. What is beyond one of them is reported and kept, never cut.

/** Bytes of one physical line; a longer one is no record and is kept piece by piece. */
export const MAX_LINE_BYTES: number = 2 * 1024 * 1024;
/** Lines, and characters of them, that may follow a record while it is tried whether they belong to it: two longest paths. */
export const MAX_STRAY_LINES = 64;
export const MAX_STRAY_CHARS: number = 16 * 1024;
