// SPDX-License-Identifier: Apache-2.0
// The process tree as rows: which processes are shown, which of them are drawn as one because they are alike, and what may be opened.
// Nothing here knows that it runs in a page.
import type { ProcessRow, ReportProcesses, ReportViolation } from "../../model/report/data.ts";
import type { ListRow } from "./list-row.ts";

/** A line of the tree: a process, or several alike that were started by the same one. */
export interface TreeLine extends ListRow {
  /** Indices of the processes; several: they are drawn as one. */
  readonly members: readonly number[];
  /** Violations of the members, by their place in the list of violations. */
  readonly violations: readonly number[];
  /** How many violations are below it, out of sight because it is closed. */
  readonly hidden: number;
}

/** So many siblings that ran the same, and started the same, are drawn as one. */
const ALIKE = 4;
/** A tree of up to so many processes is shown whole at first. */
const SMALL = 80;
/** Levels that are open at first in a larger one. */
const OPEN_LEVELS = 2;

interface Node {
  readonly index: number;
  readonly children: number[];
  /** Violations by number in the list: its own, and with those below. */
  readonly own: number[];
  below: number;
  descendants: number;
}

export class ProcessTree {
  readonly #rows: readonly ProcessRow[];
  readonly #nodes: readonly Node[];
  readonly #roots: readonly number[];
  /** Lines that are not as they are by default. */
  readonly #turned = new Set<string>();
  #allOpen = false;
  /** Numbers that only processes have in common that ran the same and started the same; 0: always drawn by themselves. */
  readonly #alike: Int32Array;
  #search = "";
  #fits: ReadonlySet<number> | undefined;
  readonly #programs: readonly string[];

  constructor(
    { rows }: ReportProcesses,
    programs: readonly string[],
    violations: readonly ReportViolation[],
  ) {
    this.#rows = rows;
    this.#programs = programs;
    this.#nodes = rows.map((_, index) => ({
      index,
      children: [],
      own: [],
      below: 0,
      descendants: 0,
    }));
    for (const [at, { row }] of violations.entries()) this.#nodes[row]?.own.push(at);
    const roots: number[] = [];
    for (const [index, [parent]] of rows.entries()) {
      const above = this.#nodes[parent];
      if (above === undefined || parent >= index) roots.push(index);
      else above.children.push(index);
    }
    this.#roots = roots;
    this.#sum();
    this.#alike = new Int32Array(rows.length);
    this.#numberAlike();
    this.#openAtFirst();
  }

  /** Only lines of programs whose names hold `text`, and what leads to them. */
  search(text: string): void {
    this.#search = text.trim().toLowerCase();
    if (this.#search === "") {
      this.#fits = undefined;
      return;
    }
    const fits = new Set<number>();
    for (const [index, [, pid, , , , ran]] of this.#rows.entries()) {
      const named = ran.some(([, program]) =>
        this.#programs[program]?.toLowerCase().includes(this.#search),
      );
      if (!named && String(pid) !== this.#search) continue;
      for (let at = index; at >= 0 && !fits.has(at); at = this.#rows[at]?.[0] ?? -1) fits.add(at);
    }
    this.#fits = fits;
  }

  toggle(key: string): void {
    if (!this.#turned.delete(key)) this.#turned.add(key);
  }

  #isOpen(key: string): boolean {
    return this.#allOpen !== this.#turned.has(key);
  }

  #open(key: string): void {
    if (!this.#isOpen(key)) this.toggle(key);
  }

  openAll(open: boolean): void {
    this.#turned.clear();
    this.#allOpen = open;
  }

  /** Opens what leads to a process. @returns the key of its line */
  reveal(index: number): string {
    const way: number[] = [];
    for (let at = index; at >= 0; at = this.#rows[at]?.[0] ?? -1) way.push(at);
    for (const at of way.reverse()) {
      const group = this.lines().find(({ members }) => members.length > 1 && members.includes(at));
      if (group !== undefined) this.#open(group.key);
      if (at !== index) this.#open(`p${at}`);
    }
    return `p${index}`;
  }

  /** What is shown now, from top to bottom. */
  lines(): TreeLine[] {
    const lines: TreeLine[] = [];
    // not by recursion: chains of processes may be as long as there are processes
    const waiting = this.#grouped(this.#roots, 1, "");
    for (let line = waiting.pop(); line !== undefined; line = waiting.pop()) {
      lines.push(line);
      if (line.open !== true) continue;
      const [only, ...others] = line.members;
      if (only === undefined) continue;
      const below =
        others.length > 0
          ? line.members.map((index) => this.#line(index, line.level + 1)).reverse()
          : this.#grouped(this.#nodes[only]?.children ?? [], line.level + 1, `${only}`);
      waiting.push(...below);
    }
    return lines;
  }

  /** Lines of siblings, last one first. */
  #grouped(siblings: readonly number[], level: number, parent: string): TreeLine[] {
    const shown = siblings.filter((index) => this.#fits?.has(index) ?? true);
    const groups = this.#groups(shown);
    const lines = shown.flatMap((index): TreeLine[] => {
      const members = groups.get(index);
      if (members === undefined) return [this.#line(index, level)];
      // the group stands where its first one would
      if (members[0] !== index) return [];
      const key = `g${parent}.${index}`;
      return [{ key, level, open: this.#isOpen(key), members, violations: [], hidden: 0 }];
    });
    return lines.reverse();
  }

  /** For each that is drawn with others: all of them, in order. */
  #groups(shown: readonly number[]): ReadonlyMap<number, readonly number[]> {
    const byKind = new Map<number, number[]>();
    for (const index of shown) {
      const kind = this.#alike[index] ?? 0;
      const members = byKind.get(kind);
      if (members === undefined) byKind.set(kind, [index]);
      else members.push(index);
    }
    byKind.delete(0);
    const groups = [...byKind.values()].filter(({ length }) => length >= ALIKE);
    return new Map(groups.flatMap((members) => members.map((index) => [index, members])));
  }

  /** From the end, because children come after their parents. */
  #numberAlike(): void {
    const numbers = new Map<string, number>();
    for (let index = this.#nodes.length - 1; index >= 0; index--) {
      const [node, row] = [this.#nodes[index], this.#rows[index]];
      if (node === undefined || row === undefined || node.below > 0) continue;
      const [, , , , untrusted, ran] = row;
      const programs = ran.map(([, program]) => program);
      const children = node.children.map((child) => this.#alike[child] ?? 0);
      const kind = `${untrusted >= 0} ${programs.join(" ")} | ${children.join(" ")}`;
      const number = numbers.get(kind) ?? numbers.size + 1;
      numbers.set(kind, number);
      this.#alike[index] = number;
    }
  }

  #line(index: number, level: number): TreeLine {
    const node = this.#nodes[index];
    const key = `p${index}`;
    const children = node?.children ?? [];
    const open = children.length === 0 ? undefined : this.#fits !== undefined || this.#isOpen(key);
    const closed = open === false;
    return {
      key,
      level,
      ...(open === undefined ? {} : { open }),
      members: [index],
      violations: node?.own ?? [],
      hidden: closed ? (node?.below ?? 0) - (node?.own.length ?? 0) : 0,
    };
  }

  /** Children come after their parents, so from the end every sum is complete when it is added. */
  #sum(): void {
    for (let index = this.#nodes.length - 1; index >= 0; index--) {
      const node = this.#nodes[index];
      const parent = this.#nodes[this.#rows[index]?.[0] ?? -1];
      if (node === undefined) continue;
      node.below += node.own.length;
      if (parent === undefined || parent.index >= index) continue;
      parent.below += node.below;
      parent.descendants += node.descendants + 1;
    }
  }

  #openAtFirst(): void {
    const whole = this.#rows.length <= SMALL;
    const levels: number[] = [];
    for (const { index, children, below, own } of this.#nodes) {
      const level = (levels[this.#rows[index]?.[0] ?? -1] ?? 0) + 1;
      levels[index] = level;
      if (children.length === 0) continue;
      if (whole || level <= OPEN_LEVELS || below > own.length) this.#open(`p${index}`);
    }
  }
}
