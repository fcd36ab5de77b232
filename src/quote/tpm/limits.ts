// SPDX-License-Identifier: Apache-2.0
// Limits between Galgo and a TPM.

/** Bytes of a command or response; what TPMs of PCs and Linux take. */
export const MAX_MESSAGE_BYTES = 4096;
/** How long a TPM behind a socket may take. Making an RSA key takes some TPMs a minute. */
export const ANSWER_TIMEOUT_MS = 120_000;
/** How long connecting may take. */
export const CONNECT_TIMEOUT_MS = 10_000;
/** Times that a command is given again when the TPM asks for that. */
export const MAX_RETRIES = 12;
/** Time before the first of them; each next waits twice as long, up to `MAX_RETRY_WAIT_MS`. */
export const FIRST_RETRY_WAIT_MS = 2;
export const MAX_RETRY_WAIT_MS = 500;
/** Random bytes asked for at once; a TPM gives at most a digest. */
export const MAX_RANDOM_BYTES = 1024;
/** Times that PCRs are read and quoted anew because somebody has extended one in between. */
export const MAX_QUOTE_TRIES = 10;
/** Coefficients that wait for the TPM; new ones come at a workload's start, by the thousand at most. */
export const MAX_WAITING_EXTENSIONS = 262_144;
/** Bytes read of an NV index at once; every TPM gives that many. */
export const NV_CHUNK_BYTES = 512;
/** Bytes of the largest NV index that is read: certificates of endorsement keys have 700 to 1600. */
export const MAX_NV_BYTES = 8192;
/** How long a proof waits for the coefficients that were given before it; it then says how many there are in the PCR. */
export const DRAIN_MS = 10_000;
/** How long a proof may take in all before whoever asked is told that there is none. */
export const PROVE_MS = 30_000;
/** How long a TPM may take to be opened: one key is made. */
export const OPEN_MS = 15_000;
/** Time that the thread gets to let the TPM go. */
export const CLOSE_MS = 2_000;
/** Time of it that the TPM gets to take the key out. */
export const FLUSH_MS = 500;
/** Coefficients (bytes, all together) that evidence brings along. */
export const MAX_SHOWN_COEFFICIENT_BYTES: number = 2 * 1024 * 1024;
