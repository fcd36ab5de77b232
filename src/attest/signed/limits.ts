// SPDX-License-Identifier: Apache-2.0
// Limits of signed files. A file beyond one of them is refused.

/** Bytes of what an envelope holds: a model of the largest size. */
export const MAX_PAYLOAD_BYTES: number = 64 * 1024 * 1024;
/** UTF-16 units of an envelope: the largest payload as base64, and room for the rest. */
export const MAX_ENVELOPE_CHARS: number = 90 * 1024 * 1024;
export const MAX_SIGNATURES = 16;
/** Signatures that do not say of which key they are: each is tried with every key, and that takes its time. */
export const MAX_UNNAMED_SIGNATURES = 2;
/** Bytes of one signature: one of a very large RSA key fits. */
export const MAX_SIGNATURE_BYTES = 2_048;
export const MAX_KEYID_CHARS = 256;
export const MAX_TYPE_CHARS = 256;
/** Levels of arrays and objects in JSON that is signed. */
export const MAX_JSON_DEPTH = 64;
/** Arrays, objects and members of objects in such JSON: more than the largest model has, and no minutes of work before a signature is checked. */
export const MAX_JSON_PARTS = 2_000_000;
export const MAX_SUBJECTS = 1_000;
export const MAX_SUBJECT_CHARS = 2_048;
/** Digests of one subject. */
export const MAX_DIGESTS = 16;
export const MAX_DIGEST_CHARS = 256;
/** UTF-16 units of a trust policy. */
export const MAX_POLICY_CHARS: number = 4 * 1024 * 1024;
export const MAX_POLICY_KEYS = 256;
export const MAX_POLICY_RULES = 1_000;
export const MAX_REVOKED = 10_000;
/** Patterns or keys that one rule names, other ids of one key. */
export const MAX_LISTED = 256;
export const MAX_WHY_CHARS = 500;
/** UTF-16 units of the PEM text of a key. */
export const MAX_PEM_CHARS = 16_384;
/** Bytes of a public key (DER). */
export const MAX_SPKI_BYTES = 8_192;
/** Smaller keys can be broken. */
export const MIN_RSA_KEY_BITS = 2_048;
export const MAX_RSA_KEY_BITS = 16_384;
