// SPDX-License-Identifier: Apache-2.0
// Public keys as facts, and the doors through which cryptography enters: this stage has none of its own, so that the same code runs on
// node:crypto and in a page. What a key may be used for follows from the key, never from what a signed thing says of itself.
import { bytesToHex } from "../../base/hex.ts";
import { quote } from "../../base/quote.ts";
import type { DigestName } from "../../model/hasher.ts";
import { MAX_PEM_CHARS } from "../signed/limits.ts";
import { SignatureError } from "../signed/errors.ts";
import { type KeyKind, spkiFacts } from "./spki.ts";
import { bytesOfBase64 } from "../encoding/strict-base64.ts";

/** Signature algorithms by their names in JOSE (RFC 7518, RFC 9864). */
export const SIGNATURE_ALGS = ["Ed25519", "ES256", "ES384", "RS256", "PS256", "PS384"] as const;

export type SignatureAlg = (typeof SIGNATURE_ALGS)[number];

export interface PublicKey {
  readonly kind: KeyKind;
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** SHA-256 of `spki`, hex: how keys are told apart. */
  readonly id: string;
  /** Size of the curve's field or of the modulus. */
  readonly bits: number;
}

/** Cryptography as a value. */
export interface Verifier {
  /**
   * Whether `signature` over `data` was made with the private half of `key`. False for anything that is not so, whatever its form.
   * Callers have asked `refuseAlg` before.
   * @param signature of ECDSA: r and s one after the other
   */
  verify(alg: SignatureAlg, key: PublicKey, data: Uint8Array, signature: Uint8Array): boolean;
  digest(name: DigestName, data: Uint8Array): Uint8Array;
}

/** Somebody who can sign: a key file, a token, a TPM. */
export interface Signer {
  readonly key: PublicKey;
  readonly alg: SignatureAlg;
  /** Of ECDSA: r and s one after the other. */
  sign(data: Uint8Array): Uint8Array;
}

const ALGS: Readonly<Record<KeyKind, readonly SignatureAlg[]>> = {
  ed25519: ["Ed25519"],
  p256: ["ES256"],
  p384: ["ES384"],
  rsa: ["RS256", "PS256", "PS384"],
};

/** The algorithms that a key of this kind may be used with. */
export function algsOf(kind: KeyKind): readonly SignatureAlg[] {
  return ALGS[kind];
}

/** Throws unless `alg` is one that the key may be used with. @throws SignatureError BAD_KEY */
export function refuseAlg(alg: string, { kind, id }: PublicKey): asserts alg is SignatureAlg {
  if (ALGS[kind].some((each) => each === alg)) return;
  throw new SignatureError(
    "BAD_KEY",
    `algorithm ${quote(alg, 40)} does not belong to the ${kind} key ${id}, which is used with ${ALGS[kind].join(", ")}`,
  );
}

/** @throws SignatureError BAD_KEY: no key of a kind that is known, or a weak one */
export function publicKeyOfSpki(
  spki: Uint8Array,
  { digest }: Pick<Verifier, "digest">,
  name: string,
): PublicKey {
  // A copy: keys are told apart by these bytes, so nobody may change them later.
  const own = Uint8Array.from(spki);
  return { ...spkiFacts(own, name), spki: own, id: bytesToHex(digest("sha256", own)) };
}

const PEM = /^-----BEGIN PUBLIC KEY-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END PUBLIC KEY-----\s*$/;

/**
 * The key of PEM text (`-----BEGIN PUBLIC KEY-----`).
 * @param name of the thing, for messages; shown as it is
 * @throws SignatureError BAD_KEY
 */
export function publicKeyOfPem(
  text: string,
  verifier: Pick<Verifier, "digest">,
  name: string,
): PublicKey {
  const inner = text.length > MAX_PEM_CHARS ? undefined : PEM.exec(text.trimStart())?.[1];
  if (inner === undefined) {
    const found = /PRIVATE KEY-----/.test(text.slice(0, MAX_PEM_CHARS)) ? ": it is private" : "";
    const problem = `${name} is not the PEM text of one public key (BEGIN PUBLIC KEY)${found}`;
    throw new SignatureError("BAD_KEY", problem);
  }
  let spki: Uint8Array;
  try {
    spki = bytesOfBase64(inner.replace(/[\r\n]/g, ""));
  } catch (cause) {
    throw new SignatureError("BAD_KEY", `${name} is damaged: its text is not base64`, { cause });
  }
  return publicKeyOfSpki(spki, verifier, name);
}
