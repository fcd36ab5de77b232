// SPDX-License-Identifier: Apache-2.0
// Which known behaviours are nearest to an unknown one, and in what they differ: for explanations, never for decisions.
import type { SecurityEvent } from "../event/event.ts";
import { type Facts, factsOf } from "./facts.ts";

/** A known behaviour and what keeps the unknown one from being it. */
export interface Nearest {
  readonly event: SecurityEvent;
  /** 0: the same in everything compared. Comparable only within one call. */
  readonly distance: number;
  /** The members that differ, heaviest first: `expected` in the known behaviour, `got` in the unknown one. Values are raw. */
  readonly differs: readonly Difference[];
}

export interface Difference {
  /** `hook`, `program` (TASK_ID), `parent` (PTASK_ID), `coe.<member>` or the place in the CELL, as `file.path.pathname`. */
  readonly field: string;
  readonly expected: string;
  readonly got: string;
}

/** How much a differing member counts; the first matching end of its name decides. */
const WEIGHTS: readonly (readonly [RegExp, number])[] = [
  [/^hook$/, 100],
  [/pathname$|^addr\.address$|^syscall$|^kmodName$|^cap$/, 12],
  [/^program$|^(?:task|target|child|source)$/, 8],
  [/^addr\./, 6],
  [/digest$/, 5],
  [/^parent$/, 4],
  [/flags$|prot$|^cmds?$|mode$|^name$|^option$|^optname$|^level$|^how$|^resource$/, 3],
  [/^coe\./, 2],
];
const OTHER_WEIGHT = 1;

/**
 * The `n` behaviours of `candidates` that are nearest to `event`, nearest first; those of the same hook come before all others.
 * Give events as they were mapped (after the profile), so that members no rule looks at are not named. Candidates that are alike
 * are named once.
 */
export function nearestBehaviours(
  event: SecurityEvent,
  candidates: readonly SecurityEvent[],
  n: number,
): readonly Nearest[] {
  const facts = factsOf(event);
  const same = candidates.filter((candidate) => candidate.hook === event.hook);
  const others = same.length >= n ? [] : candidates.filter((c) => c.hook !== event.hook);
  const ranked = [...same, ...others].map((candidate) => ({
    candidate,
    distance: distanceOf(knownFacts(candidate), facts),
  }));
  ranked.sort((a, b) => a.distance - b.distance);
  const found = new Map<string, Nearest>();
  for (const { candidate } of ranked) {
    if (found.size >= n) break;
    const near = compare(candidate, facts);
    const key = `${near.event.hook} ${JSON.stringify(near.differs)}`;
    if (!found.has(key)) found.set(key, near);
  }
  return [...found.values()];
}

/** The same candidates are compared with one event after the other. */
const remembered = new WeakMap<SecurityEvent, Facts>();

function knownFacts(event: SecurityEvent): Facts {
  let facts = remembered.get(event);
  if (facts === undefined) {
    facts = factsOf(event);
    remembered.set(event, facts);
  }
  return facts;
}

/** Without saying what differs: most candidates are far away. */
function distanceOf(expected: Facts, got: Facts): number {
  let distance = 0;
  for (const [field, want] of expected) {
    const have = got.get(field);
    if (want !== have) distance += weightOf(field) * unlikeness(field, want, have ?? "");
  }
  for (const [field, have] of got)
    if (!expected.has(field)) distance += weightOf(field) * unlikeness(field, "", have);
  return distance;
}

function compare(candidate: SecurityEvent, got: Facts): Nearest {
  const expected = knownFacts(candidate);
  const found: { readonly difference: Difference; readonly weight: number }[] = [];
  for (const field of new Set([...got.keys(), ...expected.keys()])) {
    const [want, have] = [expected.get(field), got.get(field)];
    if (want === have) continue;
    const weight = weightOf(field) * unlikeness(field, want ?? "", have ?? "");
    found.push({
      difference: { field, expected: want ?? "absent", got: have ?? "absent" },
      weight,
    });
  }
  found.sort((a, b) => b.weight - a.weight);
  return {
    event: candidate,
    distance: found.reduce((total, { weight }) => total + weight, 0),
    differs: found.map(({ difference }) => difference),
  };
}

/** By field; there are as many as members of events. */
const weights = new Map<string, number>();

function weightOf(field: string): number {
  let weight = weights.get(field);
  if (weight === undefined) {
    weight = WEIGHTS.find(([name]) => name.test(field))?.[1] ?? OTHER_WEIGHT;
    weights.set(field, weight);
  }
  return weight;
}

/** 1 for most members; less for paths that share their first directories. */
function unlikeness(field: string, a: string, b: string): number {
  if (!field.endsWith("pathname")) return 1;
  const [x, y] = [a.split("/"), b.split("/")];
  let common = 0;
  while (common < x.length && common < y.length && x[common] === y[common]) common++;
  return 1 - common / (Math.max(x.length, y.length) + 1);
}
