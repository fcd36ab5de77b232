// SPDX-License-Identifier: Apache-2.0
// The two forms of an ECDSA signature: r and s one after the other (JOSE, COSE, WebCrypto), and the DER of both (DSSE, Sigstore, X.509).
import { DER_TAGS, DerReader, derInteger, derValue } from "./der.ts";
import { SignatureError } from "../signed/errors.ts";

/**
 * r and s, `size` bytes each.
 * @throws SignatureError BAD_SIGNATURE_FORM
 */
export function rawOfDer(der: Uint8Array, size: number): Uint8Array {
  const outer = new DerReader(der);
  const inner = outer.sequence();
  outer.end();
  const parts = [inner.positive(), inner.positive()];
  inner.end();
  const raw = new Uint8Array(size * 2);
  for (const [i, part] of parts.entries()) {
    if (part.length > size) throw new SignatureError("BAD_SIGNATURE_FORM", "is of another curve");
    raw.set(part, (i + 1) * size - part.length);
  }
  return raw;
}

/** DER of a signature of r and s, which take one half each. */
export function derOfRaw(raw: Uint8Array): Uint8Array {
  const half = raw.length >> 1;
  return derValue(
    DER_TAGS.sequence,
    derInteger(raw.subarray(0, half)),
    derInteger(raw.subarray(half)),
  );
}
