// SPDX-License-Identifier: Apache-2.0
// Signature algorithms of certificates: ECDSA on P-256 and P-384, RSA-PSS with SHA-384 (AMD's roots), RSA with SHA-256 and longer
// (makers of TPMs). Nothing else is taken.
import { DER_TAGS, DerReader, oidText, smallInteger } from "../encoding/der.ts";
import { rawOfDer } from "../keys/ecdsa-der.ts";
import { SignatureError } from "../signed/errors.ts";
import type { CcScheme } from "./crypto.ts";
import { badCertificate, CcError } from "./errors.ts";

const OID_ECDSA_SHA256 = "1.2.840.10045.4.3.2";
const OID_ECDSA_SHA384 = "1.2.840.10045.4.3.3";
const OID_RSA_PSS = "1.2.840.113549.1.1.10";
const OID_MGF1 = "1.2.840.113549.1.1.8";
const OID_SHA384 = "2.16.840.1.101.3.4.2.2";
const PSS_SALT = 48;

const ECDSA: Readonly<Record<string, { readonly scheme: CcScheme; readonly size: number }>> = {
  [OID_ECDSA_SHA256]: { scheme: "ecdsa-p256-sha256", size: 32 },
  [OID_ECDSA_SHA384]: { scheme: "ecdsa-p384-sha384", size: 48 },
};

/** RFC 8017, appendix A.2.4. */
const RSA: ReadonlyMap<string, CcScheme> = new Map([
  ["1.2.840.113549.1.1.11", "rsa-sha256"],
  ["1.2.840.113549.1.1.12", "rsa-sha384"],
  ["1.2.840.113549.1.1.13", "rsa-sha512"],
]);

/** Scheme and signature of a certificate from its AlgorithmIdentifier's content and the bits of its signature. Throws `CcError`, `DerError`. */
export function signatureOf(
  algorithm: Uint8Array,
  signature: Uint8Array,
): { readonly scheme: CcScheme; readonly signature: Uint8Array } {
  const reader = new DerReader(algorithm);
  const id = oidText(reader.next("signature algorithm", DER_TAGS.oid).body);
  const ecdsa = Object.hasOwn(ECDSA, id) ? ECDSA[id] : undefined;
  if (ecdsa !== undefined) {
    reader.end("the signature algorithm");
    return { scheme: ecdsa.scheme, signature: rawSignature(signature, ecdsa.size) };
  }
  const rsa = RSA.get(id);
  if (rsa !== undefined) {
    reader.optional("parameters", DER_TAGS.null);
    reader.end("the signature algorithm");
    return { scheme: rsa, signature };
  }
  if (id !== OID_RSA_PSS || !isPssSha384(reader)) {
    throw new CcError("UNSUPPORTED", `certificate: signature algorithm ${id} is not taken here`);
  }
  return { scheme: "rsa-pss-sha384", signature };
}

/** SHA-384, MGF1 with SHA-384, salt of 48 bytes, trailer 1 (told or not). */
function isPssSha384(algorithm: DerReader): boolean {
  if (algorithm.done) return false;
  const reader = algorithm.into("signature parameters");
  if (!reader.is(0xa0) || !isSha384(reader.into("digest", 0xa0).into("digest"))) return false;
  if (!reader.is(0xa1)) return false;
  const mask = reader.into("mask", 0xa1).into("mask");
  if (oidText(mask.next("mask", DER_TAGS.oid).body) !== OID_MGF1 || !isSha384(mask.into("mask"))) {
    return false;
  }
  if (!reader.is(0xa2)) return false;
  const salt = reader.into("salt", 0xa2).next("salt", DER_TAGS.integer).body;
  const trailer = reader.is(0xa3) ? reader.into("trailer", 0xa3) : undefined;
  const field =
    trailer === undefined
      ? 1
      : smallInteger(trailer.next("trailer", DER_TAGS.integer).body, "trailer");
  return smallInteger(salt, "salt") === PSS_SALT && field === 1 && reader.done;
}

function isSha384(reader: DerReader): boolean {
  const id = oidText(reader.next("digest", DER_TAGS.oid).body);
  reader.optional("digest's parameters", DER_TAGS.null);
  return id === OID_SHA384 && reader.done;
}

/** r and s of a DER signature, each padded to `size` bytes. */
function rawSignature(der: Uint8Array, size: number): Uint8Array {
  try {
    return rawOfDer(der, size);
  } catch (cause) {
    if (!(cause instanceof SignatureError)) throw cause;
    throw badCertificate(`its signature ${cause.message}`);
  }
}
