// SPDX-License-Identifier: Apache-2.0
// Limits of reading the bytes of a recorded stream.

/** Bytes asked for at once. */
export const READ_BYTES: number = 256 * 1024;
/** Pause before a stdin that has nothing yet, and does not let itself be waited for, is asked again (ms). */
export const RETRY_MS = 5;
