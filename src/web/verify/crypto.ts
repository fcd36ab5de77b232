// SPDX-License-Identifier: Apache-2.0
// The verifier's cryptography in a page: curves and digests at once, by a library; RSA by the browser, which answers later. Signed models
// are of keys on curves here: an RSA signature of a model is not good in a page.
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { hexToBytes } from "../../base/hex.ts";
import { CC_HASHES, type CcCrypto, type CcScheme, PSS_SALT } from "../../attest/cc/crypto.ts";
import type { PublicKey, SignatureAlg, Verifier } from "../../attest/keys/keys.ts";
import {
  HASH_SIZES,
  jwkOf,
  type SignatureCheck,
  type TpmCrypto,
  type TpmCurve,
  type TpmHash,
} from "../../attest/tpm/index.ts";
import type { VerifyCrypto } from "../../attest/verify/index.ts";
import { webHasher } from "../digest.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Digest = (bytes: Uint8Array) => Uint8Array;

const HASHES: Readonly<Record<TpmHash, Digest>> = { sha1, sha256, sha384, sha512 };
const SUBTLE_HASHES: Readonly<Record<TpmHash, string>> = {
  sha1: "SHA-1",
  sha256: "SHA-256",
  sha384: "SHA-384",
  sha512: "SHA-512",
};
const CURVES = { "P-256": p256, "P-384": p384, "P-521": p521 } as const;
const UNCOMPRESSED = 4;
const ED25519_BYTES = 32;
const POINT_BYTES: Readonly<Record<TpmCurve, number>> = { "P-256": 65, "P-384": 97, "P-521": 133 };

const verifier: Verifier = {
  verify: (alg, key, data, signature) => good(() => isSignedBy(alg, key, { data, signature })),
  digest: (name, data) => hexToBytes(webHasher(name).hex(data)),
};

interface Signed {
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

function isSignedBy(alg: SignatureAlg, { kind, spki }: PublicKey, signed: Signed): boolean {
  switch (alg) {
    case "Ed25519": {
      if (kind !== "ed25519") return false;
      const key = spki.slice(-ED25519_BYTES);
      // as RFC 8032 and OpenSSL have it, not as ledgers do
      return ed25519.verify(signed.signature, signed.data, key, { zip215: false });
    }
    case "ES256":
      return kind === "p256" && onCurve("P-256", spki, sha256, signed);
    case "ES384":
      return kind === "p384" && onCurve("P-384", spki, sha384, signed);
    default:
      return false;
  }
}

/** @param spki ends with the point */
function onCurve(curve: TpmCurve, spki: Uint8Array, hash: Digest, { data, signature }: Signed) {
  const point = spki.slice(-POINT_BYTES[curve]);
  return verifyPoint(curve, point, hash(data), signature);
}

function verifyPoint(
  curve: TpmCurve,
  point: Uint8Array,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const options = { prehash: false, lowS: false, format: "compact" } as const;
  return CURVES[curve].verify(signature, digest, point, options);
}

/** What a library throws for keys and signatures that are none is a signature that is not good. */
function good(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

const tpm: TpmCrypto = {
  digest: (hash, ...parts) => HASHES[hash](joined(parts)),
  verify: (check) => (check.scheme === "ecdsa" ? good(() => ecdsa(check)) : rsa(check)),
};

function ecdsa({ key, hash, data, signature }: SignatureCheck): boolean {
  if (key.kind !== "ecc") return false;
  const point = joined([Uint8Array.of(UNCOMPRESSED), key.x, key.y]);
  return verifyPoint(key.curve, point, HASHES[hash](data), signature);
}

async function rsa({ key, scheme, hash, data, signature }: SignatureCheck): Promise<boolean> {
  if (key.kind !== "rsa") return false;
  const name = scheme === "rsapss" ? "RSA-PSS" : "RSASSA-PKCS1-v1_5";
  const terms = { name, hash: SUBTLE_HASHES[hash] };
  const imported = await crypto.subtle.importKey("jwk", { ...jwkOf(key) }, terms, false, [
    "verify",
  ]);
  const signed = [own(signature), own(data)] as const;
  if (scheme !== "rsapss") return await crypto.subtle.verify(name, imported, ...signed);
  // as long as the hash, or as long as there is room: TPMs do either
  for (const saltLength of [HASH_SIZES[hash], key.bits / 8 - HASH_SIZES[hash] - 2]) {
    if (await crypto.subtle.verify({ name, saltLength }, imported, ...signed)) return true;
  }
  return false;
}

const cc: CcCrypto = {
  digest: (name, data) => HASHES[name](data),
  verify: (scheme, spki, data, signature) => {
    const signed = { data, signature };
    if (scheme === "ecdsa-p256-sha256") return good(() => onCurve("P-256", spki, sha256, signed));
    if (scheme === "ecdsa-p384-sha384") return good(() => onCurve("P-384", spki, sha384, signed));
    return rsaOfSpki(scheme, spki, signed);
  },
};

async function rsaOfSpki(scheme: CcScheme, spki: Uint8Array, { data, signature }: Signed) {
  const name = scheme === "rsa-pss-sha384" ? "RSA-PSS" : "RSASSA-PKCS1-v1_5";
  const hash = SUBTLE_HASHES[CC_HASHES[scheme]];
  const key = await crypto.subtle.importKey("spki", own(spki), { name, hash }, false, ["verify"]);
  const terms = name === "RSA-PSS" ? { name, saltLength: PSS_SALT } : { name };
  return await crypto.subtle.verify(terms, key, own(signature), own(data));
}

/** A copy that is not shared: the browser takes no other. */
function own(bytes: Uint8Array): Bytes {
  return new Uint8Array(bytes);
}

function joined(parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** All of it. */
export const webVerifyCrypto: VerifyCrypto = { verifier, hasher: webHasher, tpm, cc };
