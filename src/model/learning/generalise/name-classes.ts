// SPDX-License-Identifier: Apache-2.0
// Which names of one directory are the same name with something else in it. Names that all runs met are what they are; of the others, those that
// can be read alike, and that differ between runs, are a class.
import { MAX_TMP_CHARS, MIN_TMP_CHARS } from "../../limits.ts";
import { followsBadly, type Hole } from "../../template/holes.ts";
import { compareTemplates } from "../../template/order.ts";
import type { Component } from "../../template/template.ts";
import {
  commonStart,
  coversAll,
  differBetweenRuns,
  type Entry,
  type Place,
  runsOf,
} from "./entries.ts";
import type { NameNode } from "./name-tree.ts";
import { datedReadings } from "./dates.ts";
import { openReading } from "./open-names.ts";
import { holeTexts, readingsOf } from "./readings.ts";
import { type HoleValue, isBelievable } from "./values.ts";

/** Names that one component of a template stands for. */
export interface NameClass {
  readonly component: Component;
  /** All that match, those of all runs too; in byte order. */
  readonly members: readonly string[];
}

/** Names of one directory that are read; a directory with more is described by the first of them. */
const MAX_READ = 4_000;
/** Numbered names that make a numbering. */
const MIN_NUMBERED = 3;
/** Hex digits of a digest that caches name a directory after. */
const MAX_DIGEST_PART = 4;
const DIGEST = /(?:^|[^0-9a-z])[0-9a-f]{16,}(?:[^0-9a-z]|$)/;
/** A hole with so few values, each in every run, is no hole. */
const MAX_CONSTANTS = 4;

/** The classes of the names in one directory; each name is in one at most. */
export function classesOf(
  children: ReadonlyMap<string, NameNode>,
  place: Place,
): readonly NameClass[] {
  const entries = [...children]
    .map(([name, node]) => ({ name, node, stable: coversAll(node.runs, place.runs) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const classes: NameClass[] = [];
  let left = entries;
  const take = (component: Component): void => {
    const members = left.filter((entry) => fits(component, entry)).map(({ name }) => name);
    classes.push({ component, members });
    const taken = new Set(members);
    left = left.filter(({ name }) => !taken.has(name));
  };
  for (let best = bestReading(left, place); best !== undefined; best = bestReading(left, place)) {
    const parts = withoutConstants(best, left);
    for (const component of parts.length === 0 ? [best] : parts)
      take(asTemporary(component, left, place));
  }
  for (const component of datedReadings(left, place)) take(component);
  const open = openReading(left, place);
  if (open !== undefined) take(open);
  return classes;
}

/** With `{tmp}` for random text of a usual length that follows a mark: it may have another length the next time. */
function asTemporary(component: Component, entries: readonly Entry[], place: Place): Component {
  const open = component.map((piece, i): Component[number] => {
    if (typeof piece === "string" || piece.type !== "id") return piece;
    const [before, after] = [component[i - 1] ?? "-", component[i + 1] ?? ""];
    const marked = typeof before === "string" && !/\w$/.test(before);
    const ends = typeof after === "string" && !/^\w/.test(after);
    const size = piece.size ?? 0;
    const usual = size >= MIN_TMP_CHARS && size <= MAX_TMP_CHARS;
    return marked && ends && usual ? { type: "tmp" } : piece;
  });
  const covered = entries.filter((entry) => !entry.stable && fits(component, entry));
  const same = covered.every((entry) => fits(open, entry));
  return same && isClass({ component: open, covered }, entries, place) ? open : component;
}

function fits(component: Component, { name, node }: Entry): boolean {
  for (const user of node.users.values())
    if (holeTexts(component, name, user) === undefined) return false;
  return true;
}

interface Reading {
  readonly component: Component;
  readonly covered: readonly Entry[];
}

/** The reading that most of the changing names have in common, the most literal of those; undefined when there is none to believe in. */
function bestReading(entries: readonly Entry[], place: Place): Component | undefined {
  const changing = entries.filter(({ stable }) => !stable);
  if (changing.length === 0) return undefined;
  const readings = new Map<string, Reading & { covered: Entry[] }>();
  const read = changing.slice(0, MAX_READ);
  for (const [i, entry] of read.entries()) {
    const partings = [read[i - 1], read[i + 1]].flatMap((other) =>
      other === undefined ? [] : [commonStart(entry.name, other.name)],
    );
    for (const component of readingsOf(entry.name, {
      users: [...entry.node.users.values()],
      partings,
    })) {
      const key = JSON.stringify(component);
      const known = readings.get(key);
      if (known === undefined) readings.set(key, { component, covered: [entry] });
      else known.covered.push(entry);
    }
  }
  const ranked = [...readings.values()]
    .filter(({ covered }) => runsOf(covered).size > 1)
    .sort((a, b) => b.covered.length - a.covered.length || compareComponents(a, b));
  return ranked.find((reading) => isClass(reading, entries, place))?.component;
}

function compareComponents(a: Reading, b: Reading): number {
  const template = ({ component }: Reading) => ({ root: "/" as const, components: [component] });
  return compareTemplates(template(a), template(b));
}

/** What is in the hole differs from run to run, and looks like what the hole says. */
function isClass(reading: Reading, entries: readonly Entry[], place: Place): boolean {
  const { component, covered } = reading;
  if (!isSound(component)) return false;
  const members = entries.filter((entry) => fits(component, entry));
  if (!differBetweenRuns(covered) && !isNumbering(component, covered, members)) return false;
  const valuesOf = (hole: number, of: readonly Entry[]): readonly HoleValue[] =>
    of.map(({ name, node }) => ({
      text: holeTexts(component, name)?.[hole] ?? "",
      runs: node.runs,
    }));
  return component
    .filter((piece): piece is Hole => typeof piece !== "string")
    .every((hole, i) => {
      const stable = members.filter((entry) => entry.stable);
      if (isPartOfDigest(hole, members)) return true;
      return isBelievable(hole, valuesOf(i, covered), valuesOf(i, stable), place.runs.size);
    });
}

/** Directories of a few hex digits that hold nothing but digests: what stands in front of those. */
function isPartOfDigest({ type, size = 0 }: Hole, members: readonly Entry[]): boolean {
  if (type !== "hex" || size === 0 || size > MAX_DIGEST_PART) return false;
  const below = members.map(({ node }) => [...node.children.keys()]);
  return below.every((names) => names.length > 0 && names.every((name) => DIGEST.test(name)));
}

/** Numbered things of which some runs have more than others: more than one of them is not in every run. */
function isNumbering(
  component: Component,
  covered: readonly Entry[],
  members: readonly Entry[],
): boolean {
  const holes = component.filter((piece) => typeof piece !== "string");
  const numbered = holes.length === 1 && holes[0]?.type === "n";
  return numbered && covered.length >= 2 && members.length >= MIN_NUMBERED;
}

/** False when the end of a hole could not be told. */
function isSound(component: Component): boolean {
  return component.every(
    (piece, i) => typeof piece === "string" || followsBadly(piece, component[i + 1]) === undefined,
  );
}

/** The component for each value of a hole that has few values, all of which are in every run that has any: that part does not vary. */
function withoutConstants(component: Component, entries: readonly Entry[]): readonly Component[] {
  const members = entries.filter((entry) => !entry.stable && fits(component, entry));
  const holes = component.flatMap((piece, at) => (typeof piece === "string" ? [] : [at]));
  for (const [hole, at] of holes.entries()) {
    const values = constantsIn(component, hole, members);
    if (values === undefined) continue;
    return values.flatMap((text) => withoutConstants(filled(component, at, text), entries));
  }
  return holes.length > 0 ? [component] : [];
}

/** The few values of a hole, ascending, when every run that has a name has all of them. */
function constantsIn(
  component: Component,
  hole: number,
  members: readonly Entry[],
): readonly string[] | undefined {
  const values = new Map<string, Set<number>>();
  for (const { name, node } of members) {
    const text = holeTexts(component, name)?.[hole] ?? "";
    const seen = values.get(text) ?? new Set<number>();
    for (const run of node.runs) seen.add(run);
    values.set(text, seen);
  }
  const runs = runsOf(members);
  const constant = [...values.values()].every((seen) => coversAll(seen, runs));
  return constant && values.size <= MAX_CONSTANTS ? [...values.keys()].sort() : undefined;
}

/** The component with a text in place of its piece. */
function filled(component: Component, at: number, text: string): Component {
  const pieces = component.map((piece, i) => (i === at ? text : piece));
  const joined: (string | Hole)[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    if (typeof piece === "string" && typeof last === "string")
      joined[joined.length - 1] = last + piece;
    else joined.push(piece);
  }
  return joined;
}
