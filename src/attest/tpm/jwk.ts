// SPDX-License-Identifier: Apache-2.0
// A key of a TPM as a JWK (RFC 7518), the form in which other cryptography takes public keys.
import { encodeBase64 } from "../../base/base64.ts";
import type { TpmKey } from "./crypto.ts";
import { TpmWriter } from "./wire.ts";

/** The members of a public JWK of either kind. */
export type TpmJwk =
  | { readonly kty: "EC"; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: "RSA"; readonly n: string; readonly e: string };

export function jwkOf(key: TpmKey): TpmJwk {
  if (key.kind === "ecc")
    return { kty: "EC", crv: key.curve, x: base64url(key.x), y: base64url(key.y) };
  const exponent = new TpmWriter().u32(key.exponent).bytes();
  const from = exponent.findIndex((byte) => byte !== 0);
  return { kty: "RSA", n: base64url(key.modulus), e: base64url(exponent.subarray(from)) };
}

function base64url(bytes: Uint8Array): string {
  return encodeBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
