// SPDX-License-Identifier: Apache-2.0
// File names are bytes; JSON and JavaScript want text. UTF-8 becomes text, every byte that is not part of valid UTF-8
// becomes one lone surrogate U+DC80..U+DCFF (the byte plus 0xDC00), and back: no name is lost or merged with another.

const ESCAPE = 0xdc00;
/** Longest argument list given to String.fromCharCode at once. */
const CHUNK = 4096;

/** Text of the bytes of a name. Lossless: `encodePath` gives the same bytes again. */
export function decodePath(bytes: Uint8Array): string {
  for (let i = 0; i < bytes.length; i++) {
    if ((bytes[i] ?? 0) >= 0x80) return decodeMixed(bytes);
  }
  return fromUnits(bytes);
}

/** Bytes of a name. A lone surrogate outside U+DC80..U+DCFF never comes from `decodePath`; it is written as U+FFFD. */
export function encodePath(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3);
  return bytes.slice(0, encodePathInto(text, bytes, 0));
}

/** Writes the bytes of `text` at `offset`, which must leave room for 3 bytes a UTF-16 unit, and returns how many. */
export function encodePathInto(text: string, target: Uint8Array, offset: number): number {
  let at = offset;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      target[at++] = unit;
    } else {
      const point = text.codePointAt(i) ?? 0;
      if (point > 0xffff) i++;
      at = putPoint(point, target, at);
    }
  }
  return at - offset;
}

function putPoint(point: number, target: Uint8Array, offset: number): number {
  let at = offset;
  if (point >= 0xdc80 && point <= 0xdcff) {
    target[at++] = point - ESCAPE;
    return at;
  }
  const scalar = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
  if (scalar < 0x800) {
    target[at++] = 0xc0 | (scalar >> 6);
  } else {
    if (scalar < 0x10000) {
      target[at++] = 0xe0 | (scalar >> 12);
    } else {
      target[at++] = 0xf0 | (scalar >> 18);
      target[at++] = 0x80 | ((scalar >> 12) & 63);
    }
    target[at++] = 0x80 | ((scalar >> 6) & 63);
  }
  target[at++] = 0x80 | (scalar & 63);
  return at;
}

function fromUnits(units: ArrayLike<number>): string {
  if (units.length <= CHUNK) return String.fromCharCode.apply(null, units as number[]);
  let text = "";
  const all = Array.from(units);
  for (let i = 0; i < all.length; i += CHUNK) {
    text += String.fromCharCode.apply(null, all.slice(i, i + CHUNK));
  }
  return text;
}

function decodeMixed(bytes: Uint8Array): string {
  const units: number[] = [];
  let i = 0;
  while (i < bytes.length) {
    const lead = bytes[i] ?? 0;
    const size = lead < 0x80 ? 1 : sequenceSize(bytes, i);
    if (size === 0) {
      units.push(ESCAPE + lead);
      i++;
    } else {
      pushPoint(units, pointAt(bytes, i, size));
      i += size;
    }
  }
  return fromUnits(units);
}

function pushPoint(units: number[], point: number): void {
  if (point < 0x10000) {
    units.push(point);
  } else {
    units.push(0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff));
  }
}

function pointAt(bytes: Uint8Array, at: number, size: number): number {
  const lead = bytes[at] ?? 0;
  if (size === 1) return lead;
  let point = lead & (0x7f >> size);
  for (let i = 1; i < size; i++) point = (point << 6) | ((bytes[at + i] ?? 0) & 63);
  return point;
}

/** Length of the well-formed sequence of more than one byte at `at`, 0 when there is none (overlong, surrogate, cut, too big). */
function sequenceSize(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0xc2 || lead > 0xf4 || !secondFits(lead, bytes[at + 1] ?? 0)) return 0;
  const size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  for (let i = 2; i < size; i++) {
    if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return size;
}

/** Some first bytes narrow the range of the second: no overlong forms, no surrogates, nothing above U+10FFFF. */
function secondFits(lead: number, second: number): boolean {
  switch (lead) {
    case 0xe0:
      return second >= 0xa0 && second <= 0xbf;
    case 0xed:
      return second >= 0x80 && second <= 0x9f;
    case 0xf0:
      return second >= 0x90 && second <= 0xbf;
    case 0xf4:
      return second >= 0x80 && second <= 0x8f;
    default:
      return second >= 0x80 && second <= 0xbf;
  }
}
