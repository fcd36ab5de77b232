// SPDX-License-Identifier: Apache-2.0
// SubjectPublicKeyInfo (RFC 5280, 5480, 8410): which kind of key it is. Only the forms that signers of today write are read.
import { bytesToHex } from "../../base/hex.ts";
import { DER_TAGS, DerError, DerReader, onlyValue } from "../encoding/der.ts";
import { MAX_RSA_KEY_BITS, MAX_SPKI_BYTES, MIN_RSA_KEY_BITS } from "../signed/limits.ts";
import { SignatureError } from "../signed/errors.ts";

export const KEY_KINDS = ["ed25519", "p256", "p384", "rsa"] as const;

export type KeyKind = (typeof KEY_KINDS)[number];

export interface SpkiFacts {
  readonly kind: KeyKind;
  /** Size of the curve's field or of the modulus. */
  readonly bits: number;
}

/** Object identifiers as the hex of their DER contents. */
const OID_ED25519 = "2b6570";
const OID_EC = "2a8648ce3d0201";
const OID_RSA = "2a864886f70d010101";
const CURVES: Readonly<Record<string, SpkiFacts>> = {
  "2a8648ce3d030107": { kind: "p256", bits: 256 },
  "2b81040022": { kind: "p384", bits: 384 },
};
const ED25519_BYTES = 32;
const UNCOMPRESSED = 4;

/**
 * Kind and size of a key.
 * @param name of the thing, for messages; shown as it is
 * @throws SignatureError BAD_KEY
 */
export function spkiFacts(spki: Uint8Array, name: string): SpkiFacts {
  try {
    if (spki.length > MAX_SPKI_BYTES) throw bad(`has ${spki.length} bytes`);
    return read(spki);
  } catch (cause) {
    if (cause instanceof DerError)
      throw new SignatureError("BAD_KEY", `${name}: the key is not DER: ${cause.message}`, {
        cause,
      });
    if (!(cause instanceof SignatureError)) throw cause;
    throw new SignatureError("BAD_KEY", `${name}: the key ${cause.message}`, { cause });
  }
}

function read(spki: Uint8Array): SpkiFacts {
  const info = new DerReader(onlyValue(spki, "key", DER_TAGS.sequence).body);
  const algorithm = info.into("algorithm");
  const bytes = info.wholeBytes("key");
  info.end("the key");
  const oid = bytesToHex(algorithm.next("algorithm", DER_TAGS.oid).body);
  switch (oid) {
    case OID_ED25519:
      algorithm.end("the algorithm");
      if (bytes.length !== ED25519_BYTES) throw bad("is no Ed25519 key: its size is wrong");
      return { kind: "ed25519", bits: 256 };
    case OID_EC:
      return ecFacts(algorithm, bytes);
    case OID_RSA:
      if (algorithm.next("parameters", DER_TAGS.null).body.length > 0)
        throw bad("has parameters of no meaning");
      algorithm.end("the algorithm");
      return rsaFacts(bytes);
    default:
      throw bad("is of a kind that is not used here: Ed25519, ECDSA P-256 or P-384, or RSA");
  }
}

function ecFacts(algorithm: DerReader, bytes: Uint8Array): SpkiFacts {
  const curve = CURVES[bytesToHex(algorithm.next("curve", DER_TAGS.oid).body)];
  algorithm.end("the algorithm");
  if (curve === undefined) throw bad("is of a curve that is not used here: P-256 or P-384");
  if (bytes[0] !== UNCOMPRESSED || bytes.length !== 1 + curve.bits / 4) {
    throw bad("is no uncompressed point of its curve");
  }
  return curve;
}

function rsaFacts(bytes: Uint8Array): SpkiFacts {
  const inner = new DerReader(onlyValue(bytes, "RSA key", DER_TAGS.sequence).body);
  const modulus = inner.positive("modulus");
  const exponent = inner.positive("exponent");
  inner.end("the exponent");
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  if (bits < MIN_RSA_KEY_BITS || bits > MAX_RSA_KEY_BITS) {
    throw bad(`has ${bits} bits; wanted are ${MIN_RSA_KEY_BITS} to ${MAX_RSA_KEY_BITS}`);
  }
  if (((exponent.at(-1) ?? 0) & 1) === 0 || (exponent.length === 1 && exponent[0] === 1)) {
    throw bad("has an exponent that is weak");
  }
  return { kind: "rsa", bits };
}

function bad(why: string): SignatureError {
  return new SignatureError("BAD_KEY", why);
}
