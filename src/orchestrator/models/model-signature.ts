// SPDX-License-Identifier: Apache-2.0
// Signatures of text models: RSA, PKCS#1 v1.5, SHA-256, as TSEM's tools make and verify them.
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  sign,
  verify,
} from "node:crypto";
import type { KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import type { SignatureCheck, TextSigner } from "../../model/index.ts";
import { ModelUseError } from "../errors.ts";
import { MIN_RSA_BITS } from "../limits.ts";

const PUBLIC_PEM = /^-----BEGIN PUBLIC KEY-----\n[A-Za-z0-9+/=\n]+\n-----END PUBLIC KEY-----\n?$/;
const PKCS1 = { padding: constants.RSA_PKCS1_PADDING } as const;

/** Verifies with node:crypto. A key that is no RSA key of at least `MIN_RSA_BITS` bits makes no good signature. */
export const checkSignature: SignatureCheck = (pem, signed, signature) => {
  if (!PUBLIC_PEM.test(pem)) return { bad: "its key is not the PEM text of a public key" };
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    return { bad: "its key can not be read" };
  }
  const weakness = weaknessOf(key);
  if (weakness !== undefined) return { bad: `its key ${weakness}` };
  return verify("sha256", signed, { key, ...PKCS1 }, signature)
    ? "good"
    : { bad: "it was made for another text, or with another key" };
};

/** A signer from a file with the PEM text of a private RSA key. @throws ModelUseError BAD_KEY */
export function signerOf(file: string): TextSigner {
  const key = readKey(file, createPrivateKey);
  return {
    key: String(createPublicKey(key).export({ type: "spki", format: "pem" })),
    sign: (bytes) => sign("sha256", bytes, { key, ...PKCS1 }),
  };
}

/** SHA-256 of the key (DER of its SubjectPublicKeyInfo), hex: how people tell keys apart. */
export function fingerprintOf(pem: string): string {
  return fingerprint(createPublicKey(pem));
}

/** Fingerprint of the public key in a file: its PEM text, or that of its private key. @throws ModelUseError BAD_KEY */
export function fingerprintOfFile(file: string): string {
  return fingerprint(readKey(file, createPublicKey));
}

function fingerprint(key: KeyObject): string {
  const der = key.export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest("hex");
}

function readKey(file: string, make: (pem: Buffer) => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = make(readFileSync(file));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new ModelUseError(
      "BAD_KEY",
      `can not read a key from ${quote(file)} (${quote(code, 80)}); it has to be PEM text without a passphrase`,
      { cause },
    );
  }
  const weakness = weaknessOf(key);
  if (weakness !== undefined) throw new ModelUseError("BAD_KEY", `${quote(file)} ${weakness}`);
  return key;
}

function weaknessOf(key: KeyObject): string | undefined {
  if (key.asymmetricKeyType !== "rsa") return "is no RSA key, and text models know no other";
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  return bits < MIN_RSA_BITS ? `has ${bits} bits, at least ${MIN_RSA_BITS} are wanted` : undefined;
}
