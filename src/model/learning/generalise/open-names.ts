// SPDX-License-Identifier: Apache-2.0
// Names of no shape that change from run to run: the folder that each run is given, or a directory full of names that nobody foresees.
// Only where nothing else is beside them.
import type { Component } from "../../template/template.ts";
import { commonStart, type Entry, type Place, runsOf } from "./entries.ts";
import type { NameNode } from "./name-tree.ts";

/** So many names in each of two runs are a directory full of names. */
const MANY_NAMES = 8;
/** So much of what is inside of one folder is inside of another, too. */
const ALIKE_SHARE = 0.5;
const MAX_COMPARED_DEPTH = 4;
const MIN_START = 3;

/** A component that takes any name, or any name that begins alike; undefined when nothing speaks for it. */
export function openReading(entries: readonly Entry[], place: Place): Component | undefined {
  const changing = entries.filter(({ stable }) => !stable);
  const alone = changing.filter(({ node }) => node.runs.size === 1);
  if (alone.length < 2 || alone.length < changing.length || runsOf(alone).size < 2)
    return undefined;
  const start = changing.reduce(
    (common, { name }) => name.slice(0, commonStart(common, name)),
    changing[0]?.name ?? "",
  );
  const word = /^.*[-_.]/.exec(start)?.[0] ?? "";
  const literal = word.length >= MIN_START ? word : "";
  if (entries.some(({ stable, name }) => stable && name.startsWith(literal))) return undefined;
  if (!foldersAlike(changing, place) && !manyNames(changing)) return undefined;
  return literal === "" ? [{ type: "name" }] : [literal, { type: "name" }];
}

/** One folder for each run, and inside much the same. */
function foldersAlike(entries: readonly Entry[], { runs }: Place): boolean {
  if (entries.length !== runs.size || !entries.every(({ node }) => node.isDirectory)) return false;
  const insides = entries.map(({ node }) => new Set(namesBelow(node, 0)));
  const [first = new Set<string>(), ...others] = insides;
  return others.every((inside) => {
    const common = [...first].filter((name) => inside.has(name)).length;
    const all = first.size + inside.size - common;
    return all > 0 && common / all >= ALIKE_SHARE;
  });
}

function* namesBelow(node: NameNode, depth: number): Generator<string> {
  for (const [name, child] of node.children) {
    yield name;
    if (depth < MAX_COMPARED_DEPTH)
      for (const below of namesBelow(child, depth + 1)) yield `${name}/${below}`;
  }
}

function manyNames(entries: readonly Entry[]): boolean {
  const counts = new Map<number, number>();
  for (const { node } of entries)
    for (const run of node.runs) counts.set(run, (counts.get(run) ?? 0) + 1);
  const full = [...counts.values()].filter((count) => count >= MANY_NAMES).length;
  return full >= 2 && entries.every(({ node }) => !node.isDirectory);
}
