// SPDX-License-Identifier: Apache-2.0
// Signatures of text models: RSA, PKCS#1 v1.5, SHA-256, as TSEM's tools make and verify them.
import { type PublicKey, publicKeyOfPem, type SignatureAlg } from "../../attest/keys/keys.ts";
import { SignatureError } from "../../attest/signed/errors.ts";
import type { SignatureCheck, TextSigner } from "../../model/index.ts";
import { publicPem, readSigner } from "../../quote/key-files.ts";
import { nodeVerifier } from "../../quote/node-verifier.ts";
import { readTrustedKey } from "./signature-requirement.ts";

const ALG = "RS256";

/** Verifies with node:crypto. A key that is no RSA key, or a weak one, makes no good signature. */
export const checkSignature: SignatureCheck = (pem, signed, signature) => {
  let key: PublicKey;
  try {
    key = publicKeyOfPem(pem, nodeVerifier, "its key");
    textAlg(key, "its key");
  } catch (error) {
    if (error instanceof SignatureError) return { bad: error.message };
    throw error;
  }
  return nodeVerifier.verify(ALG, key, signed, signature)
    ? "good"
    : { bad: "it was made for another text, or with another key" };
};

/** A signer from a file with the PEM text of a private RSA key. @throws SignatureError BAD_KEY */
export function signerOf(file: string): TextSigner {
  const { key, sign } = readSigner(file, textAlg);
  return { key: publicPem(key), sign };
}

/** SHA-256 of the key (DER of its SubjectPublicKeyInfo), hex: how people tell keys apart. @throws SignatureError BAD_KEY */
export function fingerprintOf(pem: string): string {
  return publicKeyOfPem(pem, nodeVerifier, "the key").id;
}

/** Fingerprint of the public key that is trusted: in a file with its PEM text, or that of its private key. @throws SignatureError BAD_KEY */
export function fingerprintOfFile(file: string): string {
  return readTrustedKey(file, textAlg).id;
}

function textAlg({ kind, id }: PublicKey, name: string): SignatureAlg {
  if (kind === "rsa") return ALG;
  const problem = `${name} is the ${kind} key ${id}, no RSA key, and text models know no other`;
  throw new SignatureError("BAD_KEY", problem);
}
