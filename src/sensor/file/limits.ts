// SPDX-License-Identifier: Apache-2.0
// Named maxima of what sensors remember and read of files.

/** Temporary directories that are known at a time. */
export const MAX_TEMPORARY = 65_536;
/** Size of a file whose content is hashed (bytes); larger ones can only be sparse, and are taken as unreadable. */
export const MAX_HASHED: bigint = 1n << 40n;
