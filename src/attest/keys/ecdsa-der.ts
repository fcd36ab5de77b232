// SPDX-License-Identifier: Apache-2.0
// The two forms of an ECDSA signature: r and s one after the other (JOSE, COSE, WebCrypto), and the DER of both (DSSE, Sigstore, X.509).
import { DER_TAGS, DerError, DerReader, onlyValue } from "../encoding/der.ts";
import { derInteger, derValue } from "../encoding/der-write.ts";
import { SignatureError } from "../signed/errors.ts";

/**
 * r and s, `size` bytes each.
 * @throws SignatureError BAD_SIGNATURE_FORM
 */
export function rawOfDer(der: Uint8Array, size: number): Uint8Array {
  const parts = numbersOf(der);
  const raw = new Uint8Array(size * 2);
  for (const [i, part] of parts.entries()) {
    if (part.length > size) throw new SignatureError("BAD_SIGNATURE_FORM", "is of another curve");
    raw.set(part, (i + 1) * size - part.length);
  }
  return raw;
}

function numbersOf(der: Uint8Array): readonly Uint8Array[] {
  try {
    const pair = new DerReader(onlyValue(der, "pair of numbers", DER_TAGS.sequence).body);
    const parts = [pair.positive("first number"), pair.positive("second number")];
    pair.end("the second number");
    return parts;
  } catch (cause) {
    if (!(cause instanceof DerError)) throw cause;
    throw new SignatureError("BAD_SIGNATURE_FORM", `is not DER: ${cause.message}`, { cause });
  }
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
