// SPDX-License-Identifier: Apache-2.0
// The digest function as a value: the core has none of its own, so that the same code runs on node:crypto, in a guest or in a page.

/** Digests that a namespace may use. */
export const DIGEST_NAMES = ["sha256", "sha384", "sha512", "sha3-256"] as const;

export type DigestName = (typeof DIGEST_NAMES)[number];

/** Bytes of each digest. */
export const DIGEST_SIZES: Readonly<Record<DigestName, number>> = {
  sha256: 32,
  sha384: 48,
  sha512: 64,
  "sha3-256": 32,
};

export interface Hasher {
  readonly name: DigestName;
  /** Bytes of the digest. */
  readonly size: number;
  /** Digest of `msg` in lower-case hex. Does not keep `msg`. */
  hex(msg: Uint8Array): string;
  /** Text that is the same for the same bytes and differs for others, where the platform has a fast one: lets a mapper remember digests. */
  key?(bytes: Uint8Array): string;
}
