// SPDX-License-Identifier: Apache-2.0
// Templates for names that vary: the tree of all names is walked from its root. Where names of one directory are a class, they become one, and
// what is below them is compared as one directory.
import type { Component, Template, TemplateRoot } from "../../template/template.ts";
import { printTemplate } from "../../template/template.ts";
import { coversAll, differBetweenRuns, runsOf } from "./entries.ts";
import { classesOf } from "./name-classes.ts";
import { mergeNodes, type NameNode, type NameTrees } from "./name-tree.ts";

/** Holes above each other in one template. */
const MAX_DEPTH = 100;

/** What is known of the runs. */
export interface RunDays {
  /** Day on which each run began (days since 1970), where that is known. */
  readonly days: readonly (number | undefined)[];
}

/** Names of one directory that differ between runs and have nothing in common that a rule could say. */
export interface LooseNames {
  /** As a template. */
  readonly directory: string;
  readonly names: readonly string[];
  readonly runs: ReadonlySet<number>;
}

export interface NameFindings {
  /** Texts of templates, ascending. Whether they may be rules is asked elsewhere. */
  readonly templates: readonly string[];
  readonly loose: readonly LooseNames[];
}

/** What is to be said about the names of all runs. */
export function templatesOf(trees: NameTrees, facts: RunDays): NameFindings {
  const found = new Set<string>();
  const loose: LooseNames[] = [];
  for (const [root, node] of trees) new Walk(root, facts, { found, loose }).into(node, []);
  return { templates: [...found].sort(), loose };
}

interface Results {
  readonly found: Set<string>;
  readonly loose: LooseNames[];
}

class Walk {
  readonly #root: TemplateRoot;
  readonly #facts: RunDays;
  readonly #results: Results;

  constructor(root: TemplateRoot, facts: RunDays, results: Results) {
    this.#root = root;
    this.#facts = facts;
    this.#results = results;
  }

  into(node: NameNode, above: readonly Component[]): void {
    if (above.length >= MAX_DEPTH || node.children.size === 0) return;
    if (node.runs.size < 2 && !this.#isDated) return;
    const place = { runs: node.runs, days: this.#facts.days };
    const taken = new Set<string>();
    for (const { component, members } of classesOf(node.children, place)) {
      for (const name of members) taken.add(name);
      const below = members.flatMap((name) => node.children.get(name) ?? []);
      this.#results.found.add(this.#textOf([...above, component], below));
      this.into(mergeNodes(below), [...above, component]);
    }
    const others = [...node.children].filter(([name]) => !taken.has(name));
    this.#note(others, node, above);
    for (const [name, child] of others) this.into(child, [...above, name === "" ? [] : [name]]);
  }

  #note(
    others: readonly (readonly [string, NameNode])[],
    { runs }: NameNode,
    above: readonly Component[],
  ): void {
    const changing = others.filter(([, child]) => !coversAll(child.runs, runs));
    const entries = changing.map(([name, node]) => ({ name, node, stable: false }));
    if (!differBetweenRuns(entries)) return;
    this.#results.loose.push({
      directory: printTemplate({ root: this.#root, components: above }),
      names: changing.map(([name]) => name).sort(),
      runs: runsOf(entries),
    });
  }

  get #isDated(): boolean {
    return this.#facts.days.some((day) => day !== undefined);
  }

  #textOf(components: readonly Component[], nodes: readonly NameNode[]): string {
    const directory = nodes.some(({ isDirectory }) => isDirectory);
    const template: Template = { root: this.#root, components };
    return printTemplate(directory ? { ...template, below: true } : template);
  }
}
