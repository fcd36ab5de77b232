// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648) of which every byte string has one text for each alphabet only: nothing that is signed can be written differently
// without being noticed. Fast enough for the largest model.
import { SignatureError } from "../signed/errors.ts";

const STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE = `${STANDARD.slice(0, 62)}-_`;
/** Of a character that is no digit. */
const NONE = 255;
const PAD = "=".charCodeAt(0);
const STANDARD_VALUES = valuesOf(STANDARD);
const URL_VALUES = valuesOf(URL_SAFE);

function valuesOf(alphabet: string): Uint8Array {
  const table = new Uint8Array(128).fill(NONE);
  for (let value = 0; value < 64; value++) table[alphabet.charCodeAt(value)] = value;
  return table;
}

/**
 * Bytes of padded base64 text of the standard or the URL-safe alphabet. Both in one text, white space and bits that belong to no byte are
 * refused.
 * @throws SignatureError BAD_BASE64; the message has no name of the thing, so callers put theirs before it
 */
export function bytesOfBase64(text: string): Uint8Array {
  const end = paddedEnd(text);
  if (text.length % 4 !== 0 || end % 4 === 1) return orThrow("its padding is wrong");
  return orThrow(decoded(text, end, /[-_]/.test(text) ? URL_VALUES : STANDARD_VALUES));
}

/** Bytes of URL-safe text without padding, as JOSE has it (RFC 7515). @throws SignatureError BAD_BASE64 */
export function bytesOfBase64Url(text: string): Uint8Array {
  return orThrow(unpadded(text));
}

/** As `bytesOfBase64Url`; undefined where that would throw. */
export function decodeBase64url(text: string): Uint8Array | undefined {
  const bytes = unpadded(text);
  return typeof bytes === "string" ? undefined : bytes;
}

function unpadded(text: string): Uint8Array | string {
  return text.length % 4 === 1 ? "it is cut off" : decoded(text, text.length, URL_VALUES);
}

function orThrow(bytes: Uint8Array | string): Uint8Array {
  if (typeof bytes === "string") throw new SignatureError("BAD_BASE64", `is not base64: ${bytes}`);
  return bytes;
}

/** Where the digits end. */
function paddedEnd(text: string): number {
  let end = text.length;
  while (end > 0 && text.length - end < 2 && text.charCodeAt(end - 1) === PAD) end--;
  return end;
}

/** Bytes, or why there are none. */
function decoded(text: string, end: number, values: Uint8Array): Uint8Array | string {
  const bytes = new Uint8Array(Math.floor((end * 3) / 4));
  let held = 0;
  let bits = 0;
  let at = 0;
  for (let i = 0; i < end; i++) {
    const value = values[text.charCodeAt(i)] ?? NONE;
    if (value === NONE) return `character ${i + 1} is none of it`;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = held >> bits;
    }
  }
  return (held & ((1 << bits) - 1)) === 0 ? bytes : "its last character says more than it may";
}

/** Padded text of the standard alphabet. */
export function base64OfBytes(bytes: Uint8Array): string {
  return encoded(bytes, STANDARD, Math.ceil(bytes.length / 3) * 4);
}

/** URL-safe text without padding, as JOSE has it (RFC 7515). */
export function encodeBase64url(bytes: Uint8Array): string {
  return encoded(bytes, URL_SAFE, Math.ceil((bytes.length * 4) / 3));
}

/** @param length of the text, with padding or without */
function encoded(bytes: Uint8Array, alphabet: string, length: number): string {
  const text = new Uint8Array(length).fill(PAD);
  let at = 0;
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const bits = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text[at] = alphabet.charCodeAt(bits >> 18);
    text[at + 1] = alphabet.charCodeAt((bits >> 12) & 63);
    if (left > 1) text[at + 2] = alphabet.charCodeAt((bits >> 6) & 63);
    if (left > 2) text[at + 3] = alphabet.charCodeAt(bits & 63);
    at += 4;
  }
  return new TextDecoder().decode(text);
}
