// SPDX-License-Identifier: Apache-2.0
// Writes DER for look-alike certificates: independent of the reader under test.

/** A value of a tag with this content. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const size = body.length;
  if (size < 0x80) return Buffer.concat([Buffer.of(tag, size), body]);
  const bytes = size < 0x100 ? [size] : [size >> 8, size & 255];
  return Buffer.concat([Buffer.of(tag, 0x80 | bytes.length, ...bytes), body]);
}

/** SEQUENCE. */
export function seq(...parts: readonly Uint8Array[]): Buffer {
  return der(0x30, ...parts);
}

/** OBJECT IDENTIFIER of dotted text. */
export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const digits = [arc & 127];
    for (let left = arc >>> 7; left > 0; left >>>= 7) digits.unshift((left & 127) | 128);
    return digits;
  });
  return der(6, Buffer.from(bytes));
}

/** INTEGER that is not negative. */
export function int(value: number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  return der(2, (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.of(0), bytes]));
}

/** GeneralizedTime. */
export function time(at: Date): Buffer {
  const text = at.toISOString().replace(/[-:T]/g, "").slice(0, 14);
  return der(0x18, Buffer.from(`${text}Z`));
}

/** Name with a common name only. */
export function commonName(text: string): Buffer {
  return seq(der(0x31, seq(oid("2.5.4.3"), der(0x0c, Buffer.from(text)))));
}
