// SPDX-License-Identifier: Apache-2.0
// Public keys and signers as the keys of tokens: the same soft keys sign models and evidence. The algorithm of a token follows from the
// key, and its kid is the key's id.
import { quote } from "../../base/quote.ts";
import type { PublicKey, SignatureAlg, Signer, Verifier } from "../keys/keys.ts";
import type { KeyKind } from "../keys/spki.ts";
import { SignatureError } from "../signed/errors.ts";
import type { TokenAlgorithm, TokenKey, TokenKeys, TokenSigner } from "./token-keys.ts";

interface KeyUse {
  /** In a token's header. */
  readonly token: TokenAlgorithm;
  /** For whoever verifies. */
  readonly alg: SignatureAlg;
}

/** RFC 9864 has a name for Ed25519 alone; RFC 9711's readers know the older one. */
const USES: Readonly<Partial<Record<KeyKind, KeyUse>>> = {
  ed25519: { token: "EdDSA", alg: "Ed25519" },
  p256: { token: "ES256", alg: "ES256" },
  p384: { token: "ES384", alg: "ES384" },
};

/**
 * Signs tokens with a signer's key; the token's kid is the key's id.
 * @throws SignatureError BAD_KEY: an RSA key, which signs no tokens
 */
export function tokenSignerOf(signer: Signer): TokenSigner {
  const { key } = signer;
  const use = keyUse(key, "the signer's key");
  if (signer.alg !== use.alg) {
    const problem = `key ${key.id} has to sign with ${use.alg}, not ${quote(signer.alg, 40)}`;
    throw new SignatureError("BAD_KEY", problem);
  }
  return { alg: use.token, kid: key.id, sign: (data) => signer.sign(data) };
}

/** @throws SignatureError BAD_KEY: an RSA key, which signs no tokens */
export function tokenKeyOf(key: PublicKey, verifier: Pick<Verifier, "verify">): TokenKey {
  const { token, alg } = keyUse(key, "a key of tokens");
  return {
    alg: token,
    verify: (data, signature) => verifier.verify(alg, key, data, signature),
  };
}

/** Trusts these keys, each by its id. @throws SignatureError BAD_KEY: one of them signs no tokens */
export function tokenKeysOf(
  keys: readonly PublicKey[],
  verifier: Pick<Verifier, "verify">,
): TokenKeys {
  const known = new Map(keys.map((key) => [key.id, tokenKeyOf(key, verifier)]));
  return { find: (kid) => known.get(kid) };
}

/**
 * What a key signs tokens with.
 * @param name of the thing with the key, for messages; shown as it is
 * @throws SignatureError BAD_KEY: an RSA key, which signs none
 */
export function tokenAlg(key: PublicKey, name: string): SignatureAlg {
  return keyUse(key, name).alg;
}

function keyUse({ kind, id }: PublicKey, name: string): KeyUse {
  const use = USES[kind];
  if (use !== undefined) return use;
  const problem = `${name} is the ${kind} key ${id}; tokens are signed with Ed25519, ECDSA P-256 and P-384 keys only`;
  throw new SignatureError("BAD_KEY", problem);
}
