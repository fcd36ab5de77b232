// SPDX-License-Identifier: Apache-2.0
// A verifier's side of binding an attestation key to a TPM: a secret that only the TPM with this endorsement key can open,
// and only while it holds a key of this name. TCG Library, part 1: Credential Protection, and KDFa, KDFe.
import type { TpmHash } from "./algorithms-table.ts";
import { HASH_SIZES } from "./algorithms-table.ts";
import type { CredentialCrypto, TpmKey } from "./crypto.ts";
import { TpmFormatError } from "./errors.ts";
import { MIN_RSA_BITS } from "./limits.ts";
import type { TpmPublic } from "./public-area.ts";
import { isAttestationKey, isEndorsementKey, nameOf } from "./public-area.ts";
import { concat, TpmWriter } from "./wire.ts";

/** What goes to the TPM: both without a length before them. */
export interface Credential {
  /** TPMS_ID_OBJECT */
  readonly blob: Uint8Array;
  /** The seed, encrypted to the endorsement key. */
  readonly secret: Uint8Array;
}

/** A challenge and its answer, which stays with the verifier. */
export interface Challenge extends Credential {
  readonly answer: Uint8Array;
}

const ANSWER_BYTES = 32;
const NOTHING = new Uint8Array(0);
const IDENTITY = label("IDENTITY");
const STORAGE = label("STORAGE");
const INTEGRITY = label("INTEGRITY");

/** Labels are ASCII and end with a zero, which is part of them. */
function label(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

/**
 * A challenge that only the TPM of `endorsement` can answer, and only if `attestation` is a key in it.
 * That `endorsement` is of a TPM one trusts (its certificate) is for the caller to know.
 * Throws `TpmFormatError` (WRONG_KIND) when one of the keys is not what it should be.
 */
export function challengeFor(
  endorsement: TpmPublic,
  attestation: TpmPublic,
  crypto: CredentialCrypto,
): Challenge {
  if (!isAttestationKey(attestation))
    throw new TpmFormatError(
      "WRONG_KIND",
      "the attestation key is not a restricted signing key that can not leave its TPM",
    );
  const answer = crypto.random(Math.min(ANSWER_BYTES, HASH_SIZES[endorsement.nameHash]));
  const name = nameOf(attestation, crypto);
  return { ...makeCredential(endorsement, name, answer, crypto), answer };
}

/**
 * What TPM2_MakeCredential gives, without a TPM: `value` for the TPM that has `endorsement` and a key of `name`.
 * Throws `TpmFormatError`: no endorsement key, or a value longer than a digest of its name.
 */
export function makeCredential(
  endorsement: TpmPublic,
  name: Uint8Array,
  value: Uint8Array,
  crypto: CredentialCrypto,
): Credential {
  const { nameHash: hash, key, symmetricBits } = endorsement;
  if (!isEndorsementKey(endorsement) || symmetricBits === undefined)
    throw new TpmFormatError(
      "WRONG_KIND",
      "the endorsement key is not a restricted decryption key that can not leave its TPM",
    );
  if (key.kind === "rsa" && key.bits < MIN_RSA_BITS)
    throw new TpmFormatError(
      "WRONG_KIND",
      `the endorsement key is an RSA key of ${key.bits} bits, at least ${MIN_RSA_BITS} are needed`,
    );
  const size = HASH_SIZES[hash];
  if (value.length > size)
    throw new TpmFormatError(
      "TOO_LONG",
      `a credential of ${value.length} bytes is above ${size}, what this endorsement key takes`,
    );
  const { seed, secret } = shareSeed(key, hash, crypto);
  const derive = { hash, seed, crypto };
  const storageKey = kdfa(derive, STORAGE, name, symmetricBits);
  const encrypted = crypto.aesCfb(storageKey, new TpmWriter().sized(value).bytes());
  const integrityKey = kdfa(derive, INTEGRITY, NOTHING, size * 8);
  const integrity = crypto.hmac(hash, integrityKey, encrypted, name);
  return { blob: new TpmWriter().sized(integrity).raw(encrypted).bytes(), secret };
}

/** A seed, and what the TPM gets it from. */
function shareSeed(
  key: TpmKey,
  hash: TpmHash,
  crypto: CredentialCrypto,
): { seed: Uint8Array; secret: Uint8Array } {
  if (key.kind === "rsa") {
    const seed = crypto.random(HASH_SIZES[hash]);
    return { seed, secret: crypto.oaep(key, hash, IDENTITY, seed) };
  }
  const { x, y, shared } = crypto.agree(key);
  // KDFe gives one digest here, so that its counter is always 1.
  const seed = crypto.digest(hash, new TpmWriter().u32(1).bytes(), shared, IDENTITY, x, key.x);
  return { seed, secret: new TpmWriter().sized(x).sized(y).bytes() };
}

interface Derivation {
  readonly hash: TpmHash;
  readonly seed: Uint8Array;
  readonly crypto: CredentialCrypto;
}

/** KDFa: SP 800-108 in counter mode with HMAC. The second context is empty wherever it is used here. */
function kdfa(
  { hash, seed, crypto }: Derivation,
  purpose: Uint8Array,
  context: Uint8Array,
  bits: number,
): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let made = 0, counter = 1; made < bits / 8; made += HASH_SIZES[hash], counter++)
    blocks.push(
      crypto.hmac(
        hash,
        seed,
        new TpmWriter().u32(counter).bytes(),
        purpose,
        context,
        new TpmWriter().u32(bits).bytes(),
      ),
    );
  return concat(blocks).slice(0, bits / 8);
}
