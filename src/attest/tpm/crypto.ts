// SPDX-License-Identifier: Apache-2.0
// The cryptography that the checks need, as a value: node:crypto on a host, something else in a page.
import type { TpmCurve, TpmHash } from "./algorithms-table.ts";

/** Public part of an asymmetric key; big-endian numbers, coordinates as long as the curve. */
export type TpmKey = TpmEccKey | TpmRsaKey;

export interface TpmEccKey {
  readonly kind: "ecc";
  readonly curve: TpmCurve;
  readonly x: Uint8Array;
  readonly y: Uint8Array;
}

export interface TpmRsaKey {
  readonly kind: "rsa";
  readonly bits: number;
  readonly modulus: Uint8Array;
  readonly exponent: number;
}

/** What a TPM signs with. */
export type TpmScheme = "ecdsa" | "rsassa" | "rsapss";

/** One signature: `scheme` and `hash` as the signature itself has them, `key` of the fitting kind. */
export interface SignatureCheck {
  readonly key: TpmKey;
  readonly scheme: TpmScheme;
  readonly hash: TpmHash;
  readonly data: Uint8Array;
  /** ECDSA: r then s, each as long as the curve. RSA: as it is. */
  readonly signature: Uint8Array;
}

/** What checking a quote needs. */
export interface TpmCrypto {
  digest(hash: TpmHash, ...parts: readonly Uint8Array[]): Uint8Array;
  /** True when the signature is right; false (or an error) for a key that is none. RSA-PSS: of any salt length. */
  verify(check: SignatureCheck): boolean | Promise<boolean>;
}

/** What making a credential needs besides: a verifier's side of binding an attestation key to a TPM. */
export interface CredentialCrypto extends TpmCrypto {
  /** Unpredictable bytes. */
  random(size: number): Uint8Array;
  hmac(hash: TpmHash, key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array;
  /** AES in CFB mode (128 bit feedback) with an IV of zeros. */
  aesCfb(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** RSA-OAEP; the label is taken as it is. */
  oaep(key: TpmRsaKey, hash: TpmHash, label: Uint8Array, data: Uint8Array): Uint8Array;
  /** A new key of the curve of `peer`, agreed with it. All values are as long as the curve. */
  agree(peer: TpmEccKey): {
    readonly x: Uint8Array;
    readonly y: Uint8Array;
    readonly shared: Uint8Array;
  };
}
