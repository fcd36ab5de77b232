// SPDX-License-Identifier: Apache-2.0
// The cryptography that verification needs, as a value: node:crypto, WebCrypto, or a library in a page.
import { isCurveKey } from "./keys.ts";

export type CcDigestName = "sha256" | "sha384";

/** Signature schemes that vendors' certificates and reports use. ECDSA signatures are r and s, both of the curve's size. */
export type CcScheme =
  | "ecdsa-p256-sha256"
  | "ecdsa-p384-sha384"
  | "rsa-pss-sha384"
  /** PKCS #1, version 1.5: makers of TPMs. */
  | "rsa-sha256"
  | "rsa-sha384"
  | "rsa-sha512";

/** The hash of each scheme. */
export const CC_HASHES: Readonly<Record<CcScheme, "sha256" | "sha384" | "sha512">> = {
  "ecdsa-p256-sha256": "sha256",
  "ecdsa-p384-sha384": "sha384",
  "rsa-pss-sha384": "sha384",
  "rsa-sha256": "sha256",
  "rsa-sha384": "sha384",
  "rsa-sha512": "sha512",
};

/** Bytes of the salt of rsa-pss-sha384. */
export const PSS_SALT = 48;

export interface CcCrypto {
  digest(name: CcDigestName, data: Uint8Array): Uint8Array;
  /**
   * True when `signature` over `data` is by the key (SubjectPublicKeyInfo, DER). For rsa-pss-sha384 the salt has 48 bytes. A key
   * of another kind than the scheme's makes false or an exception; an exception counts as false.
   */
  verify(
    scheme: CcScheme,
    spki: Uint8Array,
    data: Uint8Array,
    signature: Uint8Array,
  ): boolean | Promise<boolean>;
}

/** Asks the platform; what it throws for keys or signatures it cannot read is a signature that is not good. */
export async function isSigned(
  crypto: CcCrypto,
  scheme: CcScheme,
  spki: Uint8Array,
  [data, signature]: readonly [data: Uint8Array, signature: Uint8Array],
): Promise<boolean> {
  if (scheme === "ecdsa-p256-sha256" && !isCurveKey("p256", spki)) return false;
  if (scheme === "ecdsa-p384-sha384" && !isCurveKey("p384", spki)) return false;
  try {
    return await crypto.verify(scheme, spki, data, signature);
  } catch {
    return false;
  }
}
