// SPDX-License-Identifier: Apache-2.0
// Bytes that a mapping hashes, in hex, as a person would write them down.
import type { SecurityEvent } from "../../src/event/index.ts";
import { createMapper, type Hasher } from "../../src/model/index.ts";
import { SHA256 } from "./test-hasher.ts";

/** A hasher that keeps what it was given, in hex. */
export function recording(): { readonly hasher: Hasher; readonly messages: string[] } {
  const messages: string[] = [];
  const hex = (msg: Uint8Array): string => {
    messages.push(Buffer.from(msg).toString("hex"));
    return SHA256.hex(msg);
  };
  return { hasher: { ...SHA256, hex }, messages };
}

/** The CELL bytes of an event, in hex. */
export function cellOf(e: SecurityEvent): string {
  const { hasher, messages } = recording();
  createMapper(hasher).coefficient(e);
  return messages.at(-2) ?? "";
}

export const le32 = (n: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(n >>> 0);
  return bytes.toString("hex");
};
export const le16 = (n: number): string => le32(n).slice(0, 4);
export const le64 = (n: bigint): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(n);
  return bytes.toString("hex");
};
export const text = (s: string): string => Buffer.from(s).toString("hex");
export const str = (s: string): string => le32(Buffer.byteLength(s)) + text(s);
export const padded = (hex: string, bytes: number): string => hex.padEnd(bytes * 2, "0");
