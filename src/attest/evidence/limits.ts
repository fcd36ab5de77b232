// SPDX-License-Identifier: Apache-2.0
// Named maxima of evidence. What is over one is refused, when read and when written.

/** Bytes of a token: the kernel's measurement list of a long uptime is most of it. */
export const MAX_TOKEN_BYTES: number = 8 * 1024 * 1024;
/** Bytes of one byte string in a token. */
export const MAX_BLOB_BYTES: number = 4 * 1024 * 1024;
/** Bytes of a token's protected header. */
export const MAX_HEADER_BYTES = 1_024;
/** Maps and arrays in one another. */
export const MAX_DEPTH = 8;
/** Items of all maps and arrays together. */
export const MAX_ITEMS = 8_192;
/** RFC 9711, 4.1. */
export const MIN_NONCE_BYTES = 8;
export const MAX_NONCE_BYTES = 64;
/** Keys that have signed a model. */
export const MAX_SIGNERS = 16;
/** Bytes of a key's id: SHA-256. */
export const KEY_ID_BYTES = 32;
/** UTF-16 units of a name in a claim. */
export const MAX_TEXT_CHARS = 256;
/** UTF-16 units of a reason. */
export const MAX_WHY_CHARS = 1_024;
/** Hooks, features and members that are absent. */
export const MAX_WORDS = 512;
/** Seconds since 1970: behind this there are no dates in ECMAScript. */
export const MAX_SECONDS = 8_640_000_000_000;
/** Registers of a TPM. */
export const MAX_PCRS = 24;
/** Bytes of a TPM's structure. */
export const MAX_STRUCTURE_BYTES: number = 8 * 1024;
/** Bytes of a digest, and of the shortest one. */
export const MAX_DIGEST_BYTES = 64;
export const MIN_DIGEST_BYTES = 20;
