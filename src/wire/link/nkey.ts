// SPDX-License-Identifier: Apache-2.0
// Keys of the bus as text ("nkeys": github.com/nats-io/nkeys): a kind, 32 bytes of Ed25519 and a checksum, in base32. The keys themselves are
// the platform's: pairs of the usual library are made and used a hundred times slower.
import { LinkError } from "./errors.ts";

/** First bytes of public keys by what they are for; the first letter of the text follows from it. */
const PREFIXES = { operator: 112, account: 0, user: 160, server: 104 } as const;
export type NkeyKind = keyof typeof PREFIXES;

const SEED = 144;
const KEY_BYTES = 32;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Text of a public key: O..., A..., U... or N... */
export function publicNkey(kind: NkeyKind, key: Uint8Array): string {
  return checked(Uint8Array.of(PREFIXES[kind], ...key));
}

/** Text of a private key: S and the letter of the public one. It is a secret. */
export function seedNkey(kind: NkeyKind, seed: Uint8Array): string {
  const prefix = PREFIXES[kind];
  return checked(Uint8Array.of(SEED | (prefix >> 5), (prefix & 31) << 3, ...seed));
}

/** The 32 bytes of a public key. @throws LinkError BAD_MESSAGE: it is none of this kind */
export function bytesOfPublicNkey(kind: NkeyKind, text: string): Uint8Array {
  const bytes = unchecked(text);
  if (bytes?.length === KEY_BYTES + 1 && bytes[0] === PREFIXES[kind]) return bytes.subarray(1);
  throw new LinkError("BAD_MESSAGE", `this is no public key of the kind ${kind}`);
}

/** The 32 bytes of a private key. @throws LinkError BAD_MESSAGE: it is none of this kind; the message does not hold the text */
export function bytesOfSeedNkey(kind: NkeyKind, text: string): Uint8Array {
  const bytes = unchecked(text);
  const prefix = PREFIXES[kind];
  const isOne = bytes?.[0] === (SEED | (prefix >> 5)) && bytes[1] === (prefix & 31) << 3;
  if (bytes?.length === KEY_BYTES + 2 && isOne) return bytes.subarray(2);
  throw new LinkError("BAD_MESSAGE", `this is no private key of the kind ${kind}`);
}

function checked(bytes: Uint8Array): string {
  const sum = crc16(bytes);
  return base32(Uint8Array.of(...bytes, sum & 255, sum >> 8));
}

function unchecked(text: string): Uint8Array | undefined {
  const bytes = bytesOfBase32(text);
  if (bytes === undefined || bytes.length < 3) return undefined;
  const body = bytes.subarray(0, -2);
  const sum = (bytes.at(-2) ?? 0) | ((bytes.at(-1) ?? 0) << 8);
  return crc16(body) === sum ? body : undefined;
}

/** CRC-16/XMODEM */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++)
      crc = ((crc << 1) ^ ((crc & 0x8000) === 0 ? 0 : 0x1021)) & 0xffff;
  }
  return crc;
}

/** RFC 4648, without padding. */
export function base32(bytes: Uint8Array): string {
  let text = "";
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET.charAt((held >> (bits - 5)) & 31);
  }
  return bits === 0 ? text : text + ALPHABET.charAt((held << (5 - bits)) & 31);
}

function bytesOfBase32(text: string): Uint8Array | undefined {
  if (!/^[A-Z2-7]{1,128}$/.test(text)) return undefined;
  const bytes: number[] = [];
  let held = 0;
  let bits = 0;
  for (const digit of text) {
    held = ((held << 5) | ALPHABET.indexOf(digit)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >> bits) & 255);
  }
  // one text for the bytes: no digit too many, no bits that belong to none
  return bits < 5 && (held & ((1 << bits) - 1)) === 0 ? Uint8Array.from(bytes) : undefined;
}
