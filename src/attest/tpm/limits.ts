// SPDX-License-Identifier: Apache-2.0
// Limits of what is read from a TPM or from somebody who says that it came from one.

/** Bytes of one structure (TPMS_ATTEST, TPMT_SIGNATURE, TPMT_PUBLIC); the largest real ones are below 1200. */
export const MAX_STRUCTURE_BYTES = 4096;
/** Banks in one PCR selection; TPMs have up to five. */
export const MAX_SELECTIONS = 16;
/** Bytes of the bitmap of one bank. 3 is 24 PCRs, what every TPM of a PC has. */
export const MAX_SELECT_BYTES = 4;
/** PCRs that can be selected here. */
export const PCR_COUNT = 24;
/** Bytes of a nonce in a quote: TPM2B_DATA holds a digest and its algorithm, the largest is SHA-512. */
export const MAX_NONCE_BYTES = 64;
/** Bits of the smallest RSA key whose signature is believed. */
export const MIN_RSA_BITS = 2048;
/** Bits of the largest RSA key that is worked with: larger ones only cost time. */
export const MAX_RSA_BITS = 4096;
/** Certificates of makers of TPMs, in one file. */
export const MAX_AUTHORITIES = 256;
/** UTF-16 units of a file that tells of a TPM's keys, of a challenge or of an answer. */
export const MAX_ENROLLMENT_CHARS: number = 64 * 1024;
