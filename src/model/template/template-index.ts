// SPDX-License-Identifier: Apache-2.0
// Many templates at work: finds the one that acts on a name. Literal components lead through a tree; what a name has become is remembered.
import { MAX_MATCHED_CHARS, MAX_REMEMBERED_CHARS, MAX_REMEMBERED_NAMES } from "../limits.ts";
import {
  ANYBODY,
  isDots,
  matchesComponent,
  nameOf,
  type NameUser,
  rootOf,
  type Span,
} from "./match.ts";
import { compareTemplates } from "./order.ts";
import {
  type Component,
  hasHole,
  parseTemplate,
  restForm,
  rewrittenForm,
  type Template,
  type TemplateRoot,
} from "./template.ts";

/** A template as it is found. */
interface Entry {
  /** Its place in the order; the lowest acts. */
  readonly rank: number;
  readonly form: string;
  readonly usesPid: boolean;
  readonly below: boolean;
}

/** A template that matches a name, and where the part of the name begins that stays what it is. */
interface Found {
  readonly entry: Entry;
  readonly restAt: number;
}

/** A place in the tree: what follows the components above it. */
class Branch {
  readonly literals: Map<string, Branch> = new Map();
  /** Components with holes by the first character of their name, or by nothing when a hole comes first. */
  readonly holes: Map<string, Edge[]> = new Map();
  /** A template that ends here. */
  entry: Entry | undefined;
  /** A template of which {path} stands here. */
  rest: Entry | undefined;
  /** A template of the directory that ends here. */
  below: Entry | undefined;
}

interface Edge {
  readonly component: Component;
  readonly text: string;
  readonly branch: Branch;
}

/** What a name becomes depends on who uses it. */
const BY_USER = 0;
/** No template matches. */
const NONE = 1;
type Outcome = string | typeof BY_USER | typeof NONE;
const NOBODY: NameUser = { pid: 0 };

export class TemplateIndex {
  readonly #roots: ReadonlyMap<TemplateRoot, Branch> = new Map([
    ["/", new Branch()],
    ["@", new Branch()],
    ["", new Branch()],
  ]);
  /** Some template has a {pid}. */
  readonly usesPid: boolean;
  /** How many rewritten names depended on who used them. */
  dependences = 0;
  #memo = new Map<string, Outcome>();
  #chars = 0;

  /** Throws `ModelError` BAD_TEMPLATE. */
  constructor(texts: readonly string[]) {
    const templates = texts.map(parseTemplate).sort(compareTemplates);
    for (const [rank, template] of templates.entries()) this.#add(template, rank);
    this.usesPid = templates.some(usesPid);
  }

  /** What the template that acts on a pathname makes of it; the pathname itself when none does. The kernel gives no pathname such a form. */
  path(name: string, user: NameUser): string {
    const outcome = this.#find(name, user);
    return typeof outcome === "string" ? outcome : name;
  }

  /**
   * As `path`, of a name that a program has written and that may be anything. When no template acts, each `{` in it is doubled, as in what
   * stays of other names: so it has no hole, and is never what a name that matches has become.
   */
  text(name: string, user: NameUser): string {
    const outcome = this.#find(name, user);
    return typeof outcome === "string" ? outcome : restForm(name);
  }

  /** As `path`, whoever uses the name; undefined when it depends on that. */
  pathForAll(name: string): string | undefined {
    const before = this.dependences;
    const form = this.path(name, NOBODY);
    return this.dependences === before ? form : undefined;
  }

  #find(name: string, user: NameUser): Outcome {
    let outcome = this.#memo.get(name);
    if (outcome === undefined) {
      outcome = this.#outcome(name);
      this.#remember(name, outcome);
    }
    if (outcome !== BY_USER) return outcome;
    this.dependences += 1;
    return choose(name, this.#matches(name, user));
  }

  #add(template: Template, rank: number): void {
    const { root, components, below = false } = template;
    const entry: Entry = { rank, form: rewrittenForm(template), usesPid: usesPid(template), below };
    let branch = this.#roots.get(root) ?? new Branch();
    for (const component of components) {
      const [first] = component;
      if (typeof first === "object" && first.type === "path") {
        branch.rest ??= entry;
        return;
      }
      branch = hasHole(component)
        ? holeBranch(branch, component)
        : literalBranch(branch, component);
    }
    if (below) branch.below ??= entry;
    else branch.entry ??= entry;
  }

  #outcome(name: string): Outcome {
    const all = this.#matches(name, ANYBODY);
    return all.some(({ entry }) => entry.usesPid) ? BY_USER : choose(name, all);
  }

  #matches(name: string, user: NameUser | typeof ANYBODY): readonly Found[] {
    const root = rootOf(name);
    const branch = this.#roots.get(root);
    if (branch === undefined || name.length > MAX_MATCHED_CHARS) return [];
    const found: Found[] = [];
    collect(branch, root.length, { text: name, user, found });
    return found;
  }

  #remember(name: string, outcome: Outcome): void {
    if (this.#memo.size >= MAX_REMEMBERED_NAMES || this.#chars >= MAX_REMEMBERED_CHARS) {
      this.#memo = new Map();
      this.#chars = 0;
    }
    this.#memo.set(name, outcome);
    this.#chars += name.length;
  }
}

function usesPid({ components }: Template): boolean {
  return components.flat().some((piece) => typeof piece !== "string" && piece.type === "pid");
}

function choose(name: string, matches: readonly Found[]): string | typeof NONE {
  let best: Found | undefined;
  for (const found of matches)
    if (best === undefined || found.entry.rank < best.entry.rank) best = found;
  if (best === undefined) return NONE;
  const { entry, restAt } = best;
  return entry.below ? entry.form + restForm(name.slice(restAt)) : entry.form;
}

function literalBranch(branch: Branch, component: Component): Branch {
  const text = component.join("");
  let next = branch.literals.get(text);
  if (next === undefined) {
    next = new Branch();
    branch.literals.set(text, next);
  }
  return next;
}

function holeBranch(branch: Branch, component: Component): Branch {
  const [first] = component;
  const key = typeof first === "string" ? first.charAt(0) : "";
  const text = JSON.stringify(component);
  const edges = branch.holes.get(key) ?? [];
  branch.holes.set(key, edges);
  let edge = edges.find((known) => known.text === text);
  if (edge === undefined) {
    edge = { component, text, branch: new Branch() };
    edges.push(edge);
  }
  return edge.branch;
}

interface Search {
  readonly text: string;
  readonly user: NameUser | typeof ANYBODY;
  readonly found: Found[];
}

/** Where a component would begin behind the last one. */
const BEHIND = -1;

/**
 * What is found from a place of the name on. Every branch is reached in one way only, so the tree is walked once at most. Nothing is
 * made for a name that leads nowhere: most do.
 */
function collect(branch: Branch, at: number, search: Search): void {
  const { text } = search;
  const { literals, holes } = branch;
  take(branch, at, search);
  if (at === BEHIND) return;
  const slash = text.indexOf("/", at);
  const end = slash < 0 ? text.length : slash;
  const next = slash < 0 ? BEHIND : slash + 1;
  if (literals.size > 0) {
    const literal = literals.get(text.slice(at, end));
    if (literal !== undefined) collect(literal, next, search);
  }
  if (holes.size > 0) follow(holes, { at, end, next }, search);
}

function take({ entry, below, rest }: Branch, at: number, { text, found }: Search): void {
  const restAt = text.length;
  if (at === BEHIND) {
    if (below !== undefined) found.push({ entry: below, restAt });
    if (entry !== undefined) found.push({ entry, restAt });
    return;
  }
  if (below !== undefined && !leadsUp(text, at)) found.push({ entry: below, restAt: at - 1 });
  if (rest !== undefined && leadsDown(text, at)) found.push({ entry: rest, restAt });
}

interface Place extends Span {
  readonly next: number;
}

function follow(holes: Branch["holes"], place: Place, search: Search): void {
  const { text, user } = search;
  for (const edges of [holes.get(""), holes.get(text.charAt(place.at))]) {
    if (edges === undefined) continue;
    for (const { component, branch } of edges)
      if (matchesComponent(component, text, place, user)) collect(branch, place.next, search);
  }
}

/** True when a component from `at` on is `..`. */
function leadsUp(text: string, at: number): boolean {
  for (let dots = text.indexOf("..", at); dots >= 0; dots = text.indexOf("..", dots + 1)) {
    const begins = dots === at || text[dots - 1] === "/";
    if (begins && (dots + 2 === text.length || text[dots + 2] === "/")) return true;
  }
  return false;
}

/** True when all components from `at` on are names, and none is empty, `.` or `..`. */
function leadsDown(text: string, at: number): boolean {
  return nameOf(text, at).spans.every((span) => !isDots(text, span));
}
