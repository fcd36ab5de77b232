// SPDX-License-Identifier: Apache-2.0
// The names that runs met, as a tree of components: which run met which name, and who used it.
import { type NameUser, rootOf } from "../../template/match.ts";
import type { TemplateRoot } from "../../template/template.ts";

/** A name as it was met once. */
export interface Sighting {
  /** Index of the run. */
  readonly run: number;
  readonly name: string;
  readonly user: NameUser;
  /** The name is that of a directory in which something was made, of which no name counts. */
  readonly directory: boolean;
}

/** A place in the tree. */
export class NameNode {
  readonly children: Map<string, NameNode> = new Map();
  /** Runs that met this name or one below it. */
  readonly runs: Set<number> = new Set();
  /** Who used this name or one below it: a number in it may be theirs. */
  readonly users: Map<string, NameUser> = new Map();
  /** Something is below it, whether its names count or not. */
  isDirectory = false;

  child(component: string): NameNode {
    let node = this.children.get(component);
    if (node === undefined) {
      node = new NameNode();
      this.children.set(component, node);
      this.isDirectory = true;
    }
    return node;
  }

  /** Everything of another place but what is below it. */
  takeFacts({ runs, users, isDirectory }: NameNode): void {
    this.isDirectory ||= isDirectory;
    for (const run of runs) this.runs.add(run);
    for (const [key, user] of users) this.users.set(key, user);
  }

  meet(run: number, user: NameUser): void {
    this.runs.add(run);
    this.users.set(`${user.pid} ${user.tgid ?? ""}`, user);
  }
}

export type NameTrees = ReadonlyMap<TemplateRoot, NameNode>;

/** What a template can not say, and what leads somewhere else. */
const UNSPEAKABLE = /\p{Cs}|(?!^)\0|(?:^|\/)\.{1,2}(?:\/|$)/u;

/** The trees of all names: paths, names of abstract sockets, relative names. */
export function growTrees(sightings: Iterable<Sighting>): NameTrees {
  const trees = new Map<TemplateRoot, NameNode>();
  for (const { run, name, user, directory } of sightings) {
    if (name === "" || name === "/" || UNSPEAKABLE.test(name)) continue;
    const root = rootOf(name);
    let node = trees.get(root) ?? new NameNode();
    trees.set(root, node);
    node.meet(run, user);
    const components = name.slice(root.length).split("/");
    if (components.at(-1) === "") components.pop();
    for (const component of components) {
      node = node.child(component);
      node.meet(run, user);
    }
    if (directory) node.isDirectory = true;
  }
  return trees;
}

/** One node of several: what is below them under the same names is put together. */
export function mergeNodes(nodes: readonly NameNode[]): NameNode {
  const merged = new NameNode();
  const below = new Map<string, NameNode[]>();
  for (const node of nodes) {
    merged.takeFacts(node);
    for (const [name, child] of node.children) below.set(name, [...(below.get(name) ?? []), child]);
  }
  for (const [name, children] of below) {
    const [only] = children;
    const alone = children.length === 1 && only !== undefined;
    merged.children.set(name, alone ? only : mergeNodes(children));
  }
  return merged;
}
