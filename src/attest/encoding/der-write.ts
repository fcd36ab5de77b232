// SPDX-License-Identifier: Apache-2.0
// Writes the little of DER (X.690) that keys and signatures are made of.
import { DER_TAGS } from "./der.ts";

/** One value: tag, length, and the parts one after the other. */
export function derValue(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  const head = [tag, ...derLength(size)];
  const bytes = new Uint8Array(head.length + size);
  bytes.set(head);
  let at = head.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A number that is not negative, from its big-endian bytes. */
export function derInteger(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const digits = bytes.subarray(start);
  const sign = (digits[0] ?? 0) > 127 ? [0] : [];
  return derValue(DER_TAGS.integer, Uint8Array.from(sign), digits);
}

function derLength(size: number): readonly number[] {
  if (size < 128) return [size];
  const digits: number[] = [];
  for (let rest = size; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return [128 + digits.length, ...digits];
}
