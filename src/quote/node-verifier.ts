// SPDX-License-Identifier: Apache-2.0
// The cryptography of node:crypto as the attest stage wants it.
import { constants, createPublicKey, hash, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { algsOf } from "../attest/keys/keys.ts";
import type { PublicKey, SignatureAlg, Verifier } from "../attest/keys/keys.ts";

const { RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_DIGEST } = constants;

interface Terms {
  /** null: the key's own (Ed25519) */
  readonly digest: string | null;
  readonly options: {
    readonly dsaEncoding?: "ieee-p1363";
    readonly padding?: number;
    readonly saltLength?: number;
  };
}

const ECDSA = { dsaEncoding: "ieee-p1363" } as const;
const PSS = { padding: RSA_PKCS1_PSS_PADDING, saltLength: RSA_PSS_SALTLEN_DIGEST };

/** How node:crypto is told of an algorithm; for signing too. */
export const NODE_TERMS: Readonly<Record<SignatureAlg, Terms>> = {
  Ed25519: { digest: null, options: {} },
  ES256: { digest: "sha256", options: ECDSA },
  ES384: { digest: "sha384", options: ECDSA },
  RS256: { digest: "sha256", options: { padding: RSA_PKCS1_PADDING } },
  PS256: { digest: "sha256", options: PSS },
  PS384: { digest: "sha384", options: PSS },
};

/** Keys are made ready once each. */
const ready = new WeakMap<Uint8Array, KeyObject>();

/** Verifies with node:crypto. An algorithm that does not belong to the key makes no good signature. */
export const nodeVerifier: Verifier = {
  verify(alg, key, data, signature) {
    if (!algsOf(key.kind).includes(alg)) return false;
    const { digest, options } = NODE_TERMS[alg];
    const object = keyObject(key);
    return object !== undefined && verify(digest, data, { key: object, ...options }, signature);
  },
  digest: (name, data) => hash(name, data, "buffer"),
};

/** undefined: what looks like a key and is none, as a point that is not on its curve */
function keyObject({ spki }: PublicKey): KeyObject | undefined {
  const known = ready.get(spki);
  if (known !== undefined) return known;
  try {
    const made = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    ready.set(spki, made);
    return made;
  } catch {
    return undefined;
  }
}
