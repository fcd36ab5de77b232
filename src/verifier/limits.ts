// SPDX-License-Identifier: Apache-2.0
// Limits of a verifier that reads files and serves.

/** Bytes of any file that it reads: the largest signed model fits. */
export const MAX_FILE_BYTES: number = 96 * 1024 * 1024;
/** Bytes of a request: a token with a long measurement list, and a model beside it. */
export const MAX_BODY_BYTES: number = 24 * 1024 * 1024;
/** Bytes of all requests that are being read and answered. */
export const MAX_BODIES_BYTES: number = 128 * 1024 * 1024;
/** Challenges that were answered and have not expired. */
export const MAX_ANSWERED = 20_000;
/** Seconds in which a challenge has to be answered. */
export const CHALLENGE_SECONDS = 300;
/** Seconds that a run may go on which began with a nonce of ours: a month. */
export const START_SECONDS: number = 31 * 24 * 3_600;
/** Bytes of a challenge. */
export const NONCE_BYTES = 32;
/** Attestation keys that are being enrolled, and that are. */
export const MAX_PENDING = 1_000;
export const MAX_ENROLLED = 100_000;
/** Seconds in which a TPM has to answer. */
export const ENROLLMENT_SECONDS = 300;
/** Requests of one address: so many at once, and then so many a second. */
export const BURST = 60;
export const REQUESTS_A_SECOND = 10;
/** Addresses that are remembered for that. */
export const MAX_ADDRESSES = 10_000;
/** Tokens that are appraised at a time; more have to come again. */
export const MAX_AT_ONCE = 8;
export const MAX_CONNECTIONS = 256;
/** Milliseconds for a request's head, and for all of it. */
export const HEAD_MS = 10_000;
export const REQUEST_MS = 60_000;
