// SPDX-License-Identifier: Apache-2.0
// Limits of a verifier that reads files and serves.

/** Bytes of any file that it reads: the largest signed model fits. */
export const MAX_FILE_BYTES: number = 96 * 1024 * 1024;
