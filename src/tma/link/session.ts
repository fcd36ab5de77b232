// SPDX-License-Identifier: Apache-2.0
// Whom a message is from. A session has a key of its own, made of the provisioned one and a nonce of each side, so that no message of
// another session is one of this; every message carries its number and the HMAC of all of it.
import { createHmac, timingSafeEqual } from "node:crypto";
import { HEADER_BYTES, LINK_VERSION, MAC_BYTES, SESSION_LABEL } from "../protocol.ts";

/** A message without its MAC. */
export interface Message {
  readonly kind: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** HMAC-SHA-256 (RFC 2104). */
function macOf(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return createHmac("sha256", key).update(bytes).digest();
}

/** Key of the session of these nonces. */
export function sessionKey(key: Uint8Array, host: Uint8Array, agent: Uint8Array): Uint8Array {
  return macOf(key, Buffer.concat([Buffer.from(SESSION_LABEL, "latin1"), host, agent]));
}

/** Bytes of a message; with a key, its MAC is behind them. */
export function sealMessage(message: Message, key: Uint8Array | undefined): Uint8Array {
  const { payload } = message;
  const length = HEADER_BYTES + payload.length;
  const bytes = new Uint8Array(length + (key === undefined ? 0 : MAC_BYTES));
  bytes[0] = LINK_VERSION;
  bytes[1] = message.kind;
  new DataView(bytes.buffer).setBigUint64(2, BigInt(message.sequence), true);
  bytes.set(payload, HEADER_BYTES);
  if (key !== undefined) bytes.set(macOf(key, bytes.subarray(0, length)), length);
  return bytes;
}

/** The message in `bytes` when it is of this version and its MAC is that of `key`; else undefined. */
export function openMessage(bytes: Uint8Array, key: Uint8Array): Message | undefined {
  const length = bytes.length - MAC_BYTES;
  if (length < HEADER_BYTES || bytes[0] !== LINK_VERSION) return undefined;
  if (!timingSafeEqual(macOf(key, bytes.subarray(0, length)), bytes.subarray(length))) {
    return undefined;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    kind: bytes[1] ?? 0,
    sequence: Number(view.getBigUint64(2, true)),
    payload: Uint8Array.from(bytes.subarray(HEADER_BYTES, length)),
  };
}
