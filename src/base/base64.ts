// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648, standard alphabet) for the few binary members of a record.

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUE: ReadonlyMap<string, number> = new Map([...ALPHABET].map((char, i) => [char, i]));

/** Bytes of base64 text up to its padding. Throws `RangeError` for any other character. */
export function decodeBase64(text: string): Uint8Array {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const char of text) {
    if (char === "=") break;
    const value = VALUE.get(char);
    if (value === undefined) throw new RangeError("text is not base64");
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 255);
    }
  }
  return Uint8Array.from(bytes);
}

/** Base64 text of `bytes`, padded. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(i, i + 3);
    const bits = (a << 16) | (b << 8) | c;
    const digits = [bits >> 18, (bits >> 12) & 63, (bits >> 6) & 63, bits & 63];
    const used = Math.min(bytes.length - i, 3) + 1;
    for (let n = 0; n < 4; n++) text += n < used ? ALPHABET.charAt(digits[n] ?? 0) : "=";
  }
  return text;
}
