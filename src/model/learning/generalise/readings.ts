// SPDX-License-Identifier: Apache-2.0
// Ways to read one component of a name: which of its parts may be a number, a date, a digest or something random. What a reading is worth only
// other names can tell (name-classes.ts).
import { holeEnd, type Hole, type NameUser } from "../../template/holes.ts";
import { ANYBODY } from "../../template/match.ts";
import type { Component, Piece } from "../../template/template.ts";

/** A part of a name, and the holes that may stand for it, the most likely first. */
interface Slot {
  readonly at: number;
  readonly end: number;
  readonly holes: readonly Hole[];
}

interface Chosen {
  readonly at: number;
  readonly end: number;
  readonly hole: Hole;
}

/** How closely a run of letters and digits is looked at: as a whole, or with numbers in it by themselves. */
type Grain = "coarse" | "fine";

/** Readings of one name are no more than this. */
const MAX_READINGS = 120;
/** Ways to fill the slots that are all tried. */
const MAX_WAYS = 48;
const MIN_RANDOM = 6;
const MAX_RANDOM = 64;
const MAX_TMP = 12;
const MIN_HEX = 8;
/** So many digits are no decimal number of anything. */
const LONG_NUMBER = 16;
/** Changes between letters and digits in a word that has numbers in it; with more it is random. */
const MAX_CHANGES = 3;
/** Lengths of the random parts that libraries put at the end of a word: mkstemp, tempfile, mktemp, and ids of 128 bits. */
const SUFFIXES = [6, 8, 10, 12, 16, 21, 22, 32] as const;
const UUID: Hole = { type: "uuid" };
const TIME: Hole = { type: "time" };
const NUMBER: Hole = { type: "n" };
const PID: Hole = { type: "pid" };

/** What else is known of a name. */
export interface NameFacts {
  /** Everybody who used it. */
  readonly users: readonly NameUser[];
  /** Places in it where names of other runs begin to differ. */
  readonly partings: readonly number[];
}

/** Every way in which a component may be read, each once. */
export function readingsOf(name: string, facts: NameFacts): readonly Component[] {
  const readings = new Map<string, Component>();
  const add = (chosen: readonly Chosen[]): void => {
    const component = componentOf(name, chosen);
    if (readings.size < MAX_READINGS) readings.set(JSON.stringify(component), component);
  };
  const grains = (["coarse", "fine"] as const).map((grain) => slotsOf(name, facts.users, grain));
  for (const slots of grains) for (const chosen of choices(slots)) add(chosen);
  for (const random of randomParts(name, facts)) {
    add([random]);
    for (const slots of grains) {
      const others = slots.filter(({ at, end }) => end <= random.at || at >= random.end);
      add(inOrder([...everySlot(others), random]));
    }
  }
  return [...readings.values()];
}

function inOrder(parts: readonly Chosen[]): readonly Chosen[] {
  return [...parts].sort((a, b) => a.at - b.at);
}

function componentOf(name: string, holes: readonly Chosen[]): Component {
  const pieces: Piece[] = [];
  let at = 0;
  for (const { at: start, end, hole } of holes) {
    if (start > at) pieces.push(name.slice(at, start));
    pieces.push(hole);
    at = end;
  }
  if (at < name.length) pieces.push(name.slice(at));
  return pieces;
}

/** Every slot as each of its holes or as it is; with many slots only all of them, and each alone. */
function choices(slots: readonly Slot[]): readonly (readonly Chosen[])[] {
  const ways = slots.reduce((product, { holes }) => product * (holes.length + 1), 1);
  if (ways > MAX_WAYS) {
    const all = everySlot(slots);
    return [all, ...all.map((alone) => [alone])];
  }
  let found: (readonly Chosen[])[] = [[]];
  for (const { at, end, holes } of slots) {
    const filled = holes.map((hole) => ({ at, end, hole }));
    found = found.flatMap((before) => [before, ...filled.map((one) => [...before, one])]);
  }
  return found.filter((chosen) => chosen.length > 0);
}

/** All slots with their first hole. */
function everySlot(slots: readonly Slot[]): readonly Chosen[] {
  return slots.flatMap(({ at, end, holes: [hole] }) =>
    hole === undefined ? [] : [{ at, end, hole }],
  );
}

/** Parts with a shape of their own, from left to right. */
function slotsOf(name: string, users: readonly NameUser[], grain: Grain): readonly Slot[] {
  const slots: Slot[] = [];
  let at = 0;
  while (at < name.length) {
    const shaped = shapeAt(name, at);
    if (shaped !== undefined) {
      slots.push(shaped);
      at = shaped.end;
      continue;
    }
    const run = /^[A-Za-z0-9]+/.exec(name.slice(at))?.[0] ?? "";
    for (const slot of slotsOfWord(run, users, grain))
      slots.push({ at: slot.at + at, end: slot.end + at, holes: slot.holes });
    at += Math.max(1, run.length);
  }
  return slots;
}

/** A uuid, or a date with marks in it, that begins here. */
function shapeAt(name: string, at: number): Slot | undefined {
  const place = { at, end: name.length };
  const uuid = holeEnd(UUID, name, place, ANYBODY);
  if (uuid > 0 && !/^[A-Za-z0-9]/.test(name.slice(uuid))) return { at, end: uuid, holes: [UUID] };
  const digits = /^\d+/.exec(name.slice(at))?.[0].length ?? 0;
  const time = digits > 0 ? holeEnd(TIME, name, place, ANYBODY) : -1;
  return time > at + digits ? { at, end: time, holes: [TIME] } : undefined;
}

/** Slots of a run of letters and digits. */
function slotsOfWord(word: string, users: readonly NameUser[], grain: Grain): readonly Slot[] {
  const size = word.length;
  const whole = { at: 0, end: size };
  if (/^\d+$/.test(word)) return [{ ...whole, holes: numberHoles(word, users) }];
  if (/^[0-9a-f]+$/.test(word) && (size >= MIN_HEX || grain === "coarse")) {
    const open: readonly Hole[] = size >= MIN_HEX ? [{ type: "hex" }] : [];
    return [{ ...whole, holes: [{ type: "hex", size }, ...open] }];
  }
  if (/^[0-9A-F]+$/.test(word) && size >= MIN_HEX)
    return [{ ...whole, holes: [{ type: "id", size }] }];
  if (grain === "coarse") return [];
  const pieces = [...word.matchAll(/\d+|\D+/g)];
  if (pieces.length - 1 > MAX_CHANGES) return [];
  return pieces.flatMap(({ 0: text, index }) =>
    /^\d/.test(text)
      ? [{ at: index, end: index + text.length, holes: numberHoles(text, users) }]
      : [],
  );
}

function numberHoles(digits: string, users: readonly NameUser[]): readonly Hole[] {
  const size = digits.length;
  if (size >= LONG_NUMBER)
    return [
      { type: "id", size },
      { type: "hex", size },
    ];
  const holes: Hole[] = [];
  const theirs = users.every(({ pid, tgid }) => [pid, tgid].includes(Number(digits)));
  if (theirs && !digits.startsWith("0") && users.length > 0) holes.push(PID);
  const time = holeEnd(TIME, digits, { at: 0, end: size }, ANYBODY);
  if (time === size) holes.push(TIME);
  holes.push(NUMBER, { type: "hex", size });
  if (size >= MIN_HEX) holes.push({ type: "hex" }, { type: "id", size });
  return holes;
}

/** Parts that may be random: runs of letters, digits and the marks of base64url, whole or from where names part or usual lengths end. */
function* randomParts(name: string, { partings }: NameFacts): Generator<Chosen> {
  for (const pattern of [/[A-Za-z0-9]+/g, /\w+/g, /[\w-]+/g]) {
    for (const { 0: run, index } of name.matchAll(pattern)) {
      const end = index + run.length;
      const starts = new Set([index, ...SUFFIXES.map((size) => end - size), ...partings]);
      for (const at of starts)
        if (at === index || (at > index && isWord(run.slice(0, at - index), end - at)))
          yield* randomFrom(name, at, end);
    }
  }
}

/** True for what stands in front of random text: letters, or anything with a mark at its end; random text may begin alike by chance. */
function isWord(before: string, size: number): boolean {
  if (/[_-]$/.test(before)) return true;
  return /(?:^|[_-])[A-Za-z]{2,}$/.test(before) && !SUFFIXES.some((usual) => usual - size === 1);
}

function* randomFrom(name: string, at: number, end: number): Generator<Chosen> {
  const size = end - at;
  if (size < MIN_RANDOM || size > MAX_RANDOM) return;
  yield { at, end, hole: { type: "id", size } };
  const closed = !/\w/.test(name.charAt(end)) && !name.slice(at, end).includes("-");
  if (closed && size <= MAX_TMP) yield { at, end, hole: { type: "tmp" } };
}

/** What stands in each hole; undefined when the name does not fit. */
export function holeTexts(
  component: Component,
  name: string,
  user: NameUser | typeof ANYBODY = ANYBODY,
): readonly string[] | undefined {
  const texts: string[] = [];
  let at = 0;
  for (const piece of component) {
    if (typeof piece === "string") {
      if (!name.startsWith(piece, at)) return undefined;
      at += piece.length;
      continue;
    }
    const end = holeEnd(piece, name, { at, end: name.length }, user);
    if (end < 0) return undefined;
    texts.push(name.slice(at, end));
    at = end;
  }
  return at === name.length && name !== "." && name !== ".." ? texts : undefined;
}
