// SPDX-License-Identifier: Apache-2.0
// Keys of tokens, as whoever has cryptography gives them: node:crypto here, WebCrypto in a page, a TPM.

/** What tokens may be signed with, and how: its COSE number (RFC 9053), and the bytes of a signature (ECDSA: r and s, not DER). */
export const TOKEN_ALGORITHMS = {
  ES256: { cose: -7, signatureBytes: 64 },
  ES384: { cose: -35, signatureBytes: 96 },
  /** With Ed25519 only. */
  EdDSA: { cose: -8, signatureBytes: 64 },
} as const;

export type TokenAlgorithm = keyof typeof TOKEN_ALGORITHMS;

/** A private key. */
export interface TokenSigner {
  readonly alg: TokenAlgorithm;
  /** 1 to 128 printable ASCII characters without blanks; the JWK thumbprint (RFC 7638) is usual. */
  readonly kid: string;
  sign(data: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** A public key. It has one algorithm; a header can not choose another. */
export interface TokenKey {
  readonly alg: TokenAlgorithm;
  verify(data: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
}

/** The keys that are trusted. */
export interface TokenKeys {
  find(kid: string): TokenKey | undefined;
}

/** Who signed, by the header; the signature was verified. */
export interface TokenSignature {
  readonly alg: TokenAlgorithm;
  readonly kid: string;
}

const KID = /^[\x21-\x7e]{1,128}$/;

export function isKid(value: unknown): value is string {
  return typeof value === "string" && KID.test(value);
}

export function isTokenAlgorithm(value: unknown): value is TokenAlgorithm {
  return typeof value === "string" && Object.hasOwn(TOKEN_ALGORITHMS, value);
}

/** undefined: not one that is allowed. */
export function algorithmOfCose(id: unknown): TokenAlgorithm | undefined {
  return Object.keys(TOKEN_ALGORITHMS)
    .filter(isTokenAlgorithm)
    .find((name) => TOKEN_ALGORITHMS[name].cose === id);
}
