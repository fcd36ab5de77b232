// SPDX-License-Identifier: Apache-2.0
// What the holes of a template stand for. Each takes all the characters of its kind that follow each other, so a name is read once, from left to
// right, and nothing is ever tried again.
import {
  MAX_HEX_DIGITS,
  MAX_NUMBER_DIGITS,
  MAX_TMP_CHARS,
  MIN_HEX_DIGITS,
  MIN_TMP_CHARS,
} from "../limits.ts";
import { timeEnd } from "./time.ts";

/**
 * `pid`: the number of the acting process or thread. `n`: a decimal number. `hex`: lower-case hex digits, at least 8, or as many as said.
 * `uuid`: as in RFC 9562. `tmp`: what mkstemp and its like put into names. `id`: letters, digits, `_` and `-`, as many as said.
 * `time`: a date, a time of day or both. `name`: the rest of a component, anything. `path`: one or more whole components.
 */
export const HOLE_TYPES = ["pid", "n", "hex", "uuid", "tmp", "id", "time", "name", "path"] as const;

export type HoleType = (typeof HOLE_TYPES)[number];

export interface Hole {
  readonly type: HoleType;
  /** Characters, of `hex` and `id` only. */
  readonly size?: number;
}

/** Who uses a name: the numbers that `{pid}` may stand for. */
export interface NameUser {
  readonly pid: number;
  readonly tgid?: number;
}

/** `{pid}` stands for any number. */
export const ANYBODY = "anybody";

const DIGIT = 1;
const HEX = 2;
const WORD = 4;
const DASH = 8;

/** What kinds each ASCII character is of. */
const KINDS: Uint8Array = new Uint8Array(128);
for (let code = 0; code < KINDS.length; code++) {
  const char = String.fromCharCode(code);
  KINDS[code] =
    (/[0-9]/.test(char) ? DIGIT : 0) |
    (/[0-9a-f]/.test(char) ? HEX : 0) |
    (/[A-Za-z0-9_]/.test(char) ? WORD : 0) |
    (char === "-" ? DASH : 0);
}

export function isHoleType(text: string): text is HoleType {
  return (HOLE_TYPES as readonly string[]).includes(text);
}

/** True when such a hole may have a length. */
export function isSized(type: HoleType): boolean {
  return type === "hex" || type === "id";
}

/** Kinds of the characters that a hole of no fixed length takes; 0 for other holes. */
function openKinds({ type, size }: Hole): number {
  if (size !== undefined) return 0;
  switch (type) {
    case "pid":
    case "n":
    case "time":
      return DIGIT;
    case "hex":
      return HEX;
    case "tmp":
      return WORD;
    default:
      return 0;
  }
}

/** Why `next` may not follow a hole: where the one ends could then not be told. undefined when it may. */
export function followsBadly(hole: Hole, next: string | Hole | undefined): string | undefined {
  if (next === undefined) return undefined;
  if (hole.type === "name" || hole.type === "path") return `nothing may follow {${hole.type}}`;
  const open = openKinds(hole);
  if (open === 0) return undefined;
  if (typeof next !== "string")
    return `{${hole.type}} may not be followed by another hole: it has no fixed length`;
  return (kindsAt(next, 0) & open) === 0
    ? undefined
    : `{${hole.type}} may not be followed by a character that it may stand for itself`;
}

/** Where a hole begins, and the end of its component. */
interface Place {
  readonly at: number;
  readonly end: number;
}

/** Where a hole ends, or -1 when it does not fit there. */
export function holeEnd(
  hole: Hole,
  text: string,
  { at, end }: Place,
  user: NameUser | typeof ANYBODY,
): number {
  switch (hole.type) {
    case "n":
      return within(runEnd(text, at, end, DIGIT), at, 1, MAX_NUMBER_DIGITS);
    case "hex":
      if (hole.size !== undefined) return fixedEnd(text, { at, end }, hole.size, HEX);
      return within(runEnd(text, at, end, HEX), at, MIN_HEX_DIGITS, MAX_HEX_DIGITS);
    case "tmp":
      return within(runEnd(text, at, end, WORD), at, MIN_TMP_CHARS, MAX_TMP_CHARS);
    case "id":
      return fixedEnd(text, { at, end }, hole.size ?? 0, WORD | DASH);
    case "uuid":
      return uuidEnd(text, at, end);
    case "time":
      return timeEnd(text, at, end);
    case "pid":
      return pidEnd(text, at, end, user);
    case "name":
    case "path":
      return end > at ? end : -1;
  }
}

function kindsAt(text: string, at: number): number {
  return KINDS[text.charCodeAt(at)] ?? 0;
}

/** End of the characters of some kinds that begin at `at`. */
function runEnd(text: string, at: number, end: number, kinds: number): number {
  let stop = at;
  while (stop < end && (kindsAt(text, stop) & kinds) !== 0) stop += 1;
  return stop;
}

function within(stop: number, at: number, min: number, max: number): number {
  const length = stop - at;
  return length >= min && length <= max ? stop : -1;
}

/** The place behind `size` characters that are all of the kinds. */
function fixedEnd(text: string, { at, end }: Place, size: number, kinds: number): number {
  const stop = at + size;
  return stop <= end && runEnd(text, at, stop, kinds) === stop ? stop : -1;
}

const UUID_GROUPS: readonly number[] = [8, 4, 4, 4, 12];

function uuidEnd(text: string, at: number, end: number): number {
  let stop = at;
  for (const [i, digits] of UUID_GROUPS.entries()) {
    if (i > 0 && text[stop++] !== "-") return -1;
    for (let n = 0; n < digits; n++, stop++) if (stop >= end || !isHexDigit(text, stop)) return -1;
  }
  return stop;
}

function isHexDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at) | 0x20;
  return (kindsAt(text, at) & DIGIT) !== 0 || (code >= 0x61 && code <= 0x66);
}

function pidEnd(text: string, at: number, end: number, user: NameUser | typeof ANYBODY): number {
  const stop = within(runEnd(text, at, end, DIGIT), at, 1, MAX_NUMBER_DIGITS);
  // no process has the number 0, and none is written with a zero in front
  if (stop < 0 || text[at] === "0") return -1;
  if (user === ANYBODY) return stop;
  const number = Number(text.slice(at, stop));
  return number === user.pid || number === user.tgid ? stop : -1;
}
