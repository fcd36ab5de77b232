// SPDX-License-Identifier: Apache-2.0
// Signers made for a test, and what tests of signed models share.
import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import {
  type PublicKey,
  publicKeyOfSpki,
  type SignatureAlg,
  type Signer,
} from "../../src/attest/keys/keys.ts";
import { writeEnvelope } from "../../src/attest/signed/dsse.ts";
import { signedBy } from "../../src/attest/signed/envelope-signatures.ts";
import { envelopeOfModel } from "../../src/attest/signed/statement.ts";
import type { WorkloadModel } from "../../src/model/index.ts";
import { NODE_TERMS, nodeVerifier } from "../../src/quote/node-verifier.ts";

export { nodeVerifier };

export interface TestSigner extends Signer {
  readonly secret: KeyObject;
  readonly publicPem: string;
  readonly privatePem: string;
}

/** A new key of the kind that an algorithm wants. */
export function aSigner(alg: SignatureAlg = "Ed25519"): TestSigner {
  const pair = pairFor(alg);
  const key: PublicKey = publicKeyOfSpki(
    pair.publicKey.export({ format: "der", type: "spki" }),
    nodeVerifier,
    "a key",
  );
  const { digest, options } = NODE_TERMS[alg];
  return {
    key,
    alg,
    secret: pair.privateKey,
    publicPem: String(pair.publicKey.export({ format: "pem", type: "spki" })),
    privatePem: String(pair.privateKey.export({ format: "pem", type: "pkcs8" })),
    sign: (data) => sign(digest, data, { key: pair.privateKey, ...options }),
  };
}

function pairFor(alg: SignatureAlg): { publicKey: KeyObject; privateKey: KeyObject } {
  switch (alg) {
    case "Ed25519":
      return generateKeyPairSync("ed25519");
    case "ES256":
      return generateKeyPairSync("ec", { namedCurve: "P-256" });
    case "ES384":
      return generateKeyPairSync("ec", { namedCurve: "P-384" });
    default:
      return generateKeyPairSync("rsa", { modulusLength: 2048 });
  }
}

/** Text of a signed model. @param sha256 digest of what it is for, hex */
export function signedModelText(model: WorkloadModel, signer: Signer, sha256: string): string {
  const subject = { name: "what it is for", digest: { sha256 } };
  return writeEnvelope(signedBy(envelopeOfModel(model, [subject]), signer));
}

/** The bytes with one bit turned over. */
export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = Math.floor(bit / 8) % copy.length;
  copy[at] = (copy[at] ?? 0) ^ (1 << (bit % 8));
  return copy;
}
