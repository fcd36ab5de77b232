// SPDX-License-Identifier: Apache-2.0
// Keys of tokens from files, with the cryptography of node:crypto.
import { tokenAlg, tokenKeysOf, tokenSignerOf } from "../attest/evidence/index.ts";
import type { TokenKeys, TokenSigner } from "../attest/evidence/index.ts";
import type { PublicKey } from "../attest/keys/keys.ts";
import { SignatureError } from "../attest/signed/errors.ts";
import { quote } from "../base/quote.ts";
import { othersMayRead, readPublicKey, readSigner } from "./key-files.ts";
import { nodeVerifier } from "./node-verifier.ts";

/**
 * Signs tokens with the private key in a file that is its owner's alone: whoever could read it could say what he likes.
 * @throws SignatureError BAD_KEY
 */
export function readTokenSigner(file: string): TokenSigner {
  const signer = tokenSignerOf(readSigner(file, tokenAlg));
  if (!othersMayRead(file)) return signer;
  throw new SignatureError(
    "BAD_KEY",
    `${quote(file)} is open to others than its owner, so what it signs says nothing: chmod 600`,
  );
}

/**
 * The public key of tokens in a file: its PEM text, or that of the private key.
 * @throws SignatureError BAD_KEY
 */
export function readTokenKey(file: string): PublicKey {
  return readPublicKey(file, tokenAlg);
}

/**
 * Trusts these keys for tokens.
 * @throws SignatureError BAD_KEY: one of them is of a kind that signs no tokens
 */
export function nodeTokenKeys(keys: readonly PublicKey[]): TokenKeys {
  return tokenKeysOf(keys, nodeVerifier);
}
