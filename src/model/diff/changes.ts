// SPDX-License-Identifier: Apache-2.0
// What a workload does more, less and otherwise by one model than by another, put together for people: by program and kind, contents of
// files that changed told once and not as everything removed and everything added.
import type { SecurityEvent } from "../../event/event.ts";
import { describeEvent } from "../../event/index.ts";
import { factsOf } from "../facts.ts";
import type { Difference } from "../nearest.ts";
import { contentChanges, type ContentChange } from "./contents.ts";
import { BEHAVIOUR_KINDS, type BehaviourKind, kindOf } from "./kinds.ts";
import { likenessOf } from "./likeness.ts";
import { type Behaviour, type NamedBehaviours, shownEvent } from "./named.ts";
import { chainKey, namesOf } from "./programs.ts";
import { type Risk, riskOf } from "./risk.ts";

/** One side: the behaviours of a model that the other one lacks, and what is known of all. */
export interface DiffSide extends NamedBehaviours {
  /** Coefficients, hex, ascending. */
  readonly only: readonly string[];
}

/** Behaviours of one program that read the same in words. */
export interface Change {
  readonly kind: BehaviourKind;
  /** The event in words; untrusted text is quoted. */
  readonly words: string;
  readonly risk: Risk;
  /** hex, ascending */
  readonly coefficients: readonly string[];
  /** Tests that showed it, ascending. */
  readonly tests: readonly string[];
  readonly example: SecurityEvent;
}

/** A behaviour that is there in both models, with another mode, owner, credential or the like. */
export interface Alteration extends Omit<Change, "coefficients"> {
  /** Coefficient in the first and in the second model. */
  readonly before: string;
  readonly after: string;
  readonly differs: readonly Difference[];
}

/** What one program, started in one way, does otherwise. */
export interface ProgramChanges {
  /** Pathnames, first program first; the last one acts. Empty: what no record tells the program of. */
  readonly chain: readonly string[];
  /** Whether the program acts in one model only. */
  readonly status: "new" | "gone" | "kept";
  readonly added: readonly Change[];
  readonly removed: readonly Change[];
  readonly altered: readonly Alteration[];
}

export interface BehaviourDiff {
  /** By chain. */
  readonly programs: readonly ProgramChanges[];
  readonly contents: readonly ContentChange[];
  /** Behaviours that are the same but for contents of files. */
  readonly sameButContents: number;
  /** Behaviours of one model that the other has too, with other contents, which both have. */
  readonly alsoWithOtherContents: { readonly a: number; readonly b: number };
  /** Coefficients, hex, of which no record tells what they stand for. */
  readonly unnamed: { readonly a: readonly string[]; readonly b: readonly string[] };
}

interface Pair {
  readonly before: Behaviour;
  readonly after: Behaviour;
}

/** Puts together what differs between two models. */
export function behaviourDiff(a: DiffSide, b: DiffSide): BehaviourDiff {
  const removed = named(a);
  const added = named(b);
  const byLikeness = pairUp(removed.known, added.known, [
    (behaviour) => likenessOf(behaviour, a.programs),
    (behaviour) => likenessOf(behaviour, b.programs),
  ]);
  const onceMoreInA = alike(byLikeness.before, a, b);
  const onceMoreInB = alike(byLikeness.after, b, a);
  const byWords = pairUp(onceMoreInA.rest, onceMoreInB.rest, [
    (behaviour) => `${chainOf(behaviour, a)}\n${wordsOf(behaviour, a)}`,
    (behaviour) => `${chainOf(behaviour, b)}\n${wordsOf(behaviour, b)}`,
  ]);
  return {
    programs: group(a, b, byWords),
    contents: contentChanges(a.programs, b.programs, [...byLikeness.pairs, ...onceMoreInB.pairs]),
    sameButContents: byLikeness.pairs.length,
    alsoWithOtherContents: { a: onceMoreInA.pairs.length, b: onceMoreInB.pairs.length },
    unnamed: { a: removed.unknown, b: added.unknown },
  };
}

/** Which of these the other side has in common with this one but for contents: they are nothing new to it. */
function alike(
  behaviours: readonly Behaviour[],
  side: DiffSide,
  other: DiffSide,
): { readonly pairs: readonly Pair[]; readonly rest: readonly Behaviour[] } {
  if (behaviours.length === 0) return { pairs: [], rest: [] };
  const ownOnly = new Set(other.only);
  const known = new Map<string, Behaviour>();
  for (const behaviour of other.behaviours.values()) {
    if (!ownOnly.has(behaviour.coefficient))
      known.set(likenessOf(behaviour, other.programs), behaviour);
  }
  const pairs: Pair[] = [];
  const rest: Behaviour[] = [];
  for (const after of behaviours) {
    const before = known.get(likenessOf(after, side.programs));
    if (before === undefined) rest.push(after);
    else pairs.push({ before, after });
  }
  return { pairs, rest };
}

function named({ only, behaviours }: DiffSide): {
  readonly known: readonly Behaviour[];
  readonly unknown: readonly string[];
} {
  const known = only.flatMap((coefficient) => behaviours.get(coefficient) ?? []);
  return { known, unknown: only.filter((coefficient) => !behaviours.has(coefficient)) };
}

interface Paired {
  readonly pairs: readonly Pair[];
  readonly before: readonly Behaviour[];
  readonly after: readonly Behaviour[];
}

type KeyOf = (behaviour: Behaviour) => string;

/** Pairs behaviours of equal keys, in the order they come; returns the rest, too. */
function pairUp(
  before: readonly Behaviour[],
  after: readonly Behaviour[],
  [keyBefore, keyAfter]: readonly [KeyOf, KeyOf],
): Paired {
  const waiting = new Map<string, Behaviour[]>();
  for (const behaviour of after) {
    const key = keyAfter(behaviour);
    const list = waiting.get(key);
    if (list === undefined) waiting.set(key, [behaviour]);
    else list.push(behaviour);
  }
  const pairs: Pair[] = [];
  const rest: Behaviour[] = [];
  for (const behaviour of before) {
    const other = waiting.get(keyBefore(behaviour))?.shift();
    if (other === undefined) rest.push(behaviour);
    else pairs.push({ before: behaviour, after: other });
  }
  const taken = new Set(pairs.map((pair) => pair.after));
  return { pairs, before: rest, after: after.filter((behaviour) => !taken.has(behaviour)) };
}

function chainOf({ event }: Behaviour, { programs }: DiffSide): string {
  return chainKey(namesOf(programs.chainOf(event.task)));
}

function wordsOf(behaviour: Behaviour, { programs }: DiffSide): string {
  return describeEvent(shownEvent(behaviour), (taskId) => programs.pathOf(taskId));
}

interface Group {
  readonly chain: readonly string[];
  readonly added: Behaviour[];
  readonly removed: Behaviour[];
  readonly altered: Pair[];
}

function group(a: DiffSide, b: DiffSide, { pairs, before, after }: Paired): ProgramChanges[] {
  const groups = new Map<string, Group>();
  const groupOf = (behaviour: Behaviour, side: DiffSide): Group => {
    const chain = namesOf(side.programs.chainOf(behaviour.event.task));
    const key = chainKey(chain);
    const known = groups.get(key) ?? { chain, added: [], removed: [], altered: [] };
    groups.set(key, known);
    return known;
  };
  for (const behaviour of before) groupOf(behaviour, a).removed.push(behaviour);
  for (const behaviour of after) groupOf(behaviour, b).added.push(behaviour);
  for (const pair of pairs) groupOf(pair.after, b).altered.push(pair);
  const [inA, inB] = [chainsOf(a), chainsOf(b)];
  return [...groups]
    .sort(([x], [y]) => compareText(x, y))
    .map(([key, { chain, added, removed, altered }]) => ({
      chain,
      status: !inA.has(key) ? "new" : !inB.has(key) ? "gone" : "kept",
      added: changesOf(added, b),
      removed: changesOf(removed, a),
      altered: altered.map((pair) => alterationOf(pair, b)).sort(byKindAndWords),
    }));
}

function chainsOf({ programs }: DiffSide): ReadonlySet<string> {
  // what acts before the first program has no chain and is in every model
  const chains = programs.taskIds.map((taskId) => chainKey(namesOf(programs.chainTo(taskId))));
  return new Set(["", ...chains]);
}

/** Changes of one program by kind and words; what reads the same is one. */
export function changesOf(behaviours: readonly Behaviour[], side: DiffSide): readonly Change[] {
  const changes = new Map<string, { change: Change; coefficients: string[]; tests: Set<string> }>();
  for (const behaviour of behaviours) {
    const change = changeOf(behaviour, side);
    const key = `${change.kind} ${change.words}`;
    const known = changes.get(key) ?? { change, coefficients: [], tests: new Set() };
    known.coefficients.push(behaviour.coefficient);
    for (const test of behaviour.tests) known.tests.add(test);
    changes.set(key, known);
  }
  return [...changes.values()]
    .map(({ change, coefficients, tests }) => ({
      ...change,
      coefficients: coefficients.sort(),
      tests: [...tests].sort(),
    }))
    .sort(byKindAndWords);
}

function changeOf(behaviour: Behaviour, side: DiffSide): Change {
  const { event, coefficient, tests } = behaviour;
  return {
    kind: kindOf(event),
    words: wordsOf(behaviour, side),
    risk: riskOf(event),
    coefficients: [coefficient],
    tests,
    example: event,
  };
}

function alterationOf({ before, after }: Pair, side: DiffSide): Alteration {
  const { coefficients: _, ...change } = changeOf(after, side);
  const [was, is] = [factsOf(before.mapped), factsOf(after.mapped)];
  const differs = [...new Set([...was.keys(), ...is.keys()])]
    .filter((field) => field !== "program" && field !== "parent")
    .filter((field) => was.get(field) !== is.get(field))
    .map((field) => ({
      field,
      expected: was.get(field) ?? "absent",
      got: is.get(field) ?? "absent",
    }));
  return { ...change, before: before.coefficient, after: after.coefficient, differs };
}

function byKindAndWords(
  a: Pick<Change, "kind" | "words">,
  b: Pick<Change, "kind" | "words">,
): number {
  const byKind = BEHAVIOUR_KINDS.indexOf(a.kind) - BEHAVIOUR_KINDS.indexOf(b.kind);
  return byKind === 0 ? compareText(a.words, b.words) : byKind;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
