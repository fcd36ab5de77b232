// SPDX-License-Identifier: Apache-2.0
// Base64url without padding (RFC 7515, 2), where one text is the only one for its bytes.
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const NONE = 255;
const CODES: Uint8Array = Uint8Array.from(ALPHABET, (char) => char.charCodeAt(0));
const VALUES: Uint8Array = values();
/** Characters that are put together at once: an argument list has its bounds. */
const CHUNK = 8_192;

function values(): Uint8Array {
  const table = new Uint8Array(128).fill(NONE);
  for (let value = 0; value < 64; value++) table[ALPHABET.charCodeAt(value)] = value;
  return table;
}

/** Text of `bytes`. */
export function encodeBase64url(bytes: Uint8Array): string {
  const codes = new Uint16Array(Math.ceil((bytes.length * 4) / 3));
  let at = 0;
  for (let i = 0; i < bytes.length; i += 3) {
    const held = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    // what lies behind the last one is dropped by the array
    for (let shift = 18; shift >= 0; shift -= 6) codes[at++] = CODES[(held >> shift) & 63] ?? 0;
  }
  let text = "";
  for (let from = 0; from < codes.length; from += CHUNK) {
    text += String.fromCharCode(...codes.subarray(from, from + CHUNK));
  }
  return text;
}

/**
 * Bytes of `text`; undefined when it is not base64url, has padding, or leaves bits over that are not zero: another text would have
 * the same bytes then, and a token could be changed without anybody noticing.
 */
export function decodeBase64url(text: string): Uint8Array | undefined {
  if (text.length % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let held = 0;
  let bits = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const value = VALUES[text.charCodeAt(i)] ?? NONE;
    if (value === NONE) return undefined;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (held >> bits) & 255;
  }
  return (held & ((1 << bits) - 1)) === 0 ? bytes : undefined;
}
