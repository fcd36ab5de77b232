// SPDX-License-Identifier: Apache-2.0
// Making and checking the signatures of an envelope. Only Ed25519 and ECDSA P-256 are used, and which of them follows from the key.
import { hexToBytes } from "../../base/hex.ts";
import { quote } from "../../base/quote.ts";
import { type Envelope, type EnvelopeSignature, signedBytesOf } from "./dsse.ts";
import { derOfRaw, rawOfDer } from "../keys/ecdsa-der.ts";
import type { PublicKey, SignatureAlg, Signer, Verifier } from "../keys/keys.ts";
import { SignatureError } from "./errors.ts";
import { MAX_SIGNATURES } from "./limits.ts";
import type { KeyKind } from "../keys/spki.ts";
import { base64OfBytes } from "../encoding/strict-base64.ts";

const ENVELOPE_ALGS: Readonly<Partial<Record<KeyKind, SignatureAlg>>> = {
  ed25519: "Ed25519",
  p256: "ES256",
};
const P256_BYTES = 32;

/** A key and what else envelopes call it. */
export interface EnvelopeKey {
  readonly key: PublicKey;
  readonly keyids?: readonly string[];
}

/** What became of one signature. */
export interface SignatureFinding<Key extends EnvelopeKey = EnvelopeKey> {
  /** from 1 */
  readonly place: number;
  /** `good`: made by `by`. `bad`: it says that it is of `by`, and is not. `unknown`: by nobody of those asked for. */
  readonly found: "good" | "bad" | "unknown";
  readonly by?: Key;
  readonly keyid?: string;
}

/**
 * The algorithm of a key in envelopes.
 * @param name of the thing with the key, for messages; shown as it is
 * @throws SignatureError BAD_KEY: it has none
 */
export function envelopeAlg({ kind, id }: PublicKey, name: string): SignatureAlg {
  const alg = ENVELOPE_ALGS[kind];
  if (alg !== undefined) return alg;
  const problem = `${name} is the ${kind} key ${id}; models are signed with Ed25519 and ECDSA P-256 keys only`;
  throw new SignatureError("BAD_KEY", problem);
}

/**
 * The envelope with one signature more. One of the same key is replaced.
 * @throws SignatureError BAD_KEY, BAD_ENVELOPE: it has as many as it may
 */
export function signedBy(envelope: Envelope, signer: Signer): Envelope {
  const alg = envelopeAlg(signer.key, "the signer's key");
  if (signer.alg !== alg) {
    const problem = `key ${signer.key.id} has to sign with ${alg}, not ${quote(signer.alg, 40)}`;
    throw new SignatureError("BAD_KEY", problem);
  }
  const others = envelope.signatures.filter(({ keyid }) => keyid !== signer.key.id);
  if (others.length >= MAX_SIGNATURES) {
    const problem = `there are ${others.length} signatures already, an envelope has no more`;
    throw new SignatureError("BAD_ENVELOPE", problem);
  }
  const raw = signer.sign(signedBytesOf(envelope));
  const sig = alg === "ES256" ? derOfRaw(raw) : raw;
  return { ...envelope, signatures: [...others, { keyid: signer.key.id, sig }] };
}

/**
 * Who made the signatures, in their order. An id that a signature carries is not signed, so it says only which key is to be tried; a
 * signature without one is tried with all.
 */
export function checkSignatures<Key extends EnvelopeKey>(
  envelope: Envelope,
  keys: readonly Key[],
  verifier: Verifier,
): readonly SignatureFinding<Key>[] {
  const data = signedBytesOf(envelope);
  return envelope.signatures.map((signature, i) => {
    const { keyid } = signature;
    const named = keyid === undefined ? keys : keys.filter((key) => isCalled(key, keyid));
    const by = named.find(({ key }) => holds(signature, key, data, verifier));
    const facts = { place: i + 1, ...(keyid !== undefined && { keyid }) };
    if (by !== undefined) return { ...facts, found: "good", by };
    const [claimed] = named;
    if (keyid === undefined || claimed === undefined) return { ...facts, found: "unknown" };
    return { ...facts, found: "bad", by: claimed };
  });
}

/** Whether `keyid` is one of a key's names: its id as hex or as base64 (some signers write a hint so), or another that was given to it. */
function isCalled({ key, keyids = [] }: EnvelopeKey, keyid: string): boolean {
  return keyid === key.id || keyid === base64OfBytes(hexToBytes(key.id)) || keyids.includes(keyid);
}

function holds(
  { sig }: EnvelopeSignature,
  key: PublicKey,
  data: Uint8Array,
  verifier: Verifier,
): boolean {
  const alg = ENVELOPE_ALGS[key.kind];
  if (alg === undefined) return false;
  const raw = alg === "ES256" ? rawOrNothing(sig) : sig;
  return raw !== undefined && verifier.verify(alg, key, data, raw);
}

function rawOrNothing(sig: Uint8Array): Uint8Array | undefined {
  try {
    return rawOfDer(sig, P256_BYTES);
  } catch (error) {
    if (error instanceof SignatureError) return undefined;
    throw error;
  }
}
