// SPDX-License-Identifier: Apache-2.0
// The key of a host on the fleet's bus: an nkey (Ed25519). Its private part never leaves the host. It is signed with by node:crypto, which does in
// microseconds what the package's own code takes milliseconds for.
import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import { createUser, fromSeed } from "@nats-io/nkeys";
import { CodedError } from "../../base/errors.ts";

/** PKCS #8 (RFC 8410) of an Ed25519 key, up to the 32 bytes of its seed. */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const PREFIX_BYTES = 2;
const SEED_BYTES = 32;

/** A text is no key of a host. */
export class NkeyError extends CodedError<"BAD_SEED"> {}

export interface HostKey {
  /** Public part, as NATS writes it (U...). */
  readonly publicKey: string;
  /** Private part, as NATS writes it (SU...). */
  readonly seed: string;
  /** Ed25519 signature, base64url. */
  sign(text: string): string;
}

export function newHostKey(): HostKey {
  return hostKey(new TextDecoder().decode(createUser().getSeed()));
}

/** @throws NkeyError BAD_SEED */
export function hostKey(seed: string): HostKey {
  const key = privateKey(seed);
  return {
    publicKey: fromSeed(new TextEncoder().encode(seed)).getPublicKey(),
    seed,
    sign: (text) => sign(null, Buffer.from(text), key).toString("base64url"),
  };
}

function privateKey(seed: string): KeyObject {
  const raw = base32(seed).subarray(PREFIX_BYTES, PREFIX_BYTES + SEED_BYTES);
  if (!seed.startsWith("SU") || raw.length !== SEED_BYTES)
    throw new NkeyError("BAD_SEED", "this is no key of a host (an nkey that begins with SU)");
  return createPrivateKey({ key: Buffer.concat([PKCS8, raw]), format: "der", type: "pkcs8" });
}

/** RFC 4648 without padding; what is no digit ends it. */
function base32(text: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const letter of text) {
    const digit = ALPHABET.indexOf(letter);
    if (digit < 0) break;
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((value >> bits) & 0xff);
  }
  return Buffer.from(bytes);
}
