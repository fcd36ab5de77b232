// SPDX-License-Identifier: Apache-2.0
// Hex text, lower case, as every digest of Galgo is written.

const DIGITS = "0123456789abcdef";
const HEX = /^(?:[0-9a-f]{2})*$/;

/** Value of a hex digit by its character code; 255 for what is not one. Either case is read. */
export const NIBBLE: Uint8Array = nibbles();

function nibbles(): Uint8Array {
  const table = new Uint8Array(256).fill(255);
  for (let value = 0; value < 16; value++) {
    table[DIGITS.charCodeAt(value)] = value;
    table[DIGITS.toUpperCase().charCodeAt(value)] = value;
  }
  return table;
}

/** Lower-case hex of `bytes`. */
export function bytesToHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += DIGITS.charAt(byte >> 4) + DIGITS.charAt(byte & 15);
  return text;
}

/** Bytes of hex text of either case. Throws `RangeError` when it is not whole bytes of hex. */
export function hexToBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1);
  hexInto(text, bytes, 0);
  return bytes;
}

/** Writes the bytes of `text` at `offset` and returns how many. Throws `RangeError` when it is not whole bytes of hex. */
export function hexInto(text: string, target: Uint8Array, offset: number): number {
  if ((text.length & 1) !== 0) throw new RangeError("hex text of odd length");
  let at = offset;
  for (let i = 0; i < text.length; i += 2) {
    const high = NIBBLE[text.charCodeAt(i)] ?? 255;
    const low = NIBBLE[text.charCodeAt(i + 1)] ?? 255;
    if ((high | low) > 15) throw new RangeError("text is not hex");
    target[at++] = (high << 4) | low;
  }
  return text.length >> 1;
}

/** True for lower-case hex of whole bytes; of exactly `size` bytes when given. */
export function isHex(text: string, size?: number): boolean {
  return (size === undefined || text.length === size * 2) && HEX.test(text);
}
