// SPDX-License-Identifier: Apache-2.0
// Keys of simulated hosts, thousands of them: Ed25519 by node:crypto, the public part as NATS writes it.
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/** Of a user, which makes the text begin with U. */
const USER = 20 << 3;
const CRC_POLYNOMIAL = 0x1021;

export interface AgentKey {
  /** U... */
  readonly publicKey: string;
  /** Signature in base64url. */
  sign(text: string): string;
}

export function newAgentKey(): AgentKey {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return { publicKey: userKeyOf(publicKey), sign: (text) => signed(text, privateKey) };
}

function signed(text: string, key: KeyObject): string {
  return sign(null, Buffer.from(text), key).toString("base64url");
}

function userKeyOf(key: KeyObject): string {
  const { x = "" } = key.export({ format: "jwk" });
  const body = Buffer.concat([Buffer.from([USER]), Buffer.from(x, "base64url")]);
  const sum = crc16(body);
  return base32(Buffer.concat([body, Buffer.from([sum & 0xff, sum >> 8])]));
}

/** CRC-16/XMODEM, as nkeys have it. */
function crc16(bytes: Buffer): number {
  let sum = 0;
  for (const byte of bytes) {
    sum ^= byte << 8;
    for (let bit = 0; bit < 8; bit++)
      sum = (sum & 0x8000 ? (sum << 1) ^ CRC_POLYNOMIAL : sum << 1) & 0xffff;
  }
  return sum;
}

/** RFC 4648 without padding. */
function base32(bytes: Buffer): string {
  let [text, value, bits] = ["", 0, 0];
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += ALPHABET[(value >> (bits - 5)) & 31] ?? "";
  }
  return bits === 0 ? text : text + (ALPHABET[(value << (5 - bits)) & 31] ?? "");
}
