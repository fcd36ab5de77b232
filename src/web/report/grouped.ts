// SPDX-License-Identifier: Apache-2.0
// Entries below their program and their kind, as rows that open and close. Nothing here knows that it runs in a page.
import type { ListRow } from "./list-row.ts";

/** Something that is done by a program and is of a kind. */
export interface Entry {
  readonly program: number;
  readonly kind: number;
}

export interface GroupLine extends ListRow {
  readonly type: "program" | "kind" | "entry" | "note";
  readonly program: number;
  readonly kind: number;
  /** Of an entry: its place in the list of all. */
  readonly index: number;
  /** Entries in a group. */
  readonly size: number;
}

/** How many of a program and kind are not listed. */
export type More = readonly (readonly [program: number, kind: number, count: number])[];

interface Kinds {
  readonly kinds: Map<number, number[]>;
  size: number;
}

/** With so few entries everything is open at first. */
const FEW = 60;

export class Grouped<T extends Entry> {
  readonly #all: readonly T[];
  readonly #more: More;
  /** Groups that are not as they are by default. */
  readonly #turned = new Set<string>();
  #shown: readonly number[];
  #open = false;

  constructor(all: readonly T[], more: More = []) {
    this.#all = all;
    this.#more = more;
    this.#shown = all.map((_, index) => index);
    this.#open = all.length <= FEW;
  }

  /** Entries that are shown, of all. */
  get shown(): number {
    return this.#shown.length;
  }

  /** Shows those that `fits` holds for; undefined: all of them. */
  filter(fits: ((entry: T) => boolean) | undefined): void {
    const all = this.#all.map((_, index) => index);
    this.#shown = all.filter((index) => {
      const entry = this.#all[index];
      return entry !== undefined && (fits?.(entry) ?? true);
    });
    this.#turned.clear();
    this.#open = fits !== undefined || this.#all.length <= FEW;
  }

  openAll(open: boolean): void {
    this.#turned.clear();
    this.#open = open;
  }

  toggle(key: string): void {
    if (!this.#turned.delete(key)) this.#turned.add(key);
  }

  /** What is shown now, from top to bottom: programs with most entries first, kinds in their order. */
  lines(): GroupLine[] {
    const programs = this.#programs();
    const lines: GroupLine[] = [];
    const order = [...programs].sort(([, a], [, b]) => b.size - a.size);
    for (const [program, { kinds, size }] of order) {
      const key = `${program}`;
      const open = this.#isOpen(key);
      lines.push({ type: "program", key, level: 1, open, program, kind: -1, index: -1, size });
      if (!open) continue;
      for (const [kind, indices] of [...kinds].sort(([a], [b]) => a - b))
        this.#addKind(lines, program, kind, indices);
    }
    return lines;
  }

  #addKind(lines: GroupLine[], program: number, kind: number, indices: readonly number[]): void {
    const key = `${program}.${kind}`;
    const open = this.#isOpen(key);
    const more = this.#moreOf(program, kind);
    const size = indices.length + more;
    lines.push({ type: "kind", key, level: 2, open, program, kind, index: -1, size });
    if (!open) return;
    for (const index of indices)
      lines.push({ type: "entry", key: `e${index}`, level: 3, program, kind, index, size: 1 });
    if (more > 0)
      lines.push({ type: "note", key: `m${key}`, level: 3, program, kind, index: -1, size: more });
  }

  #moreOf(program: number, kind: number): number {
    if (this.#shown.length < this.#all.length) return 0;
    return this.#more.find(([p, k]) => p === program && k === kind)?.[2] ?? 0;
  }

  #programs(): Map<number, Kinds> {
    const programs = new Map<number, Kinds>();
    const kindsOf = (program: number, kind: number): number[] => {
      const group = programs.get(program) ?? { kinds: new Map<number, number[]>(), size: 0 };
      programs.set(program, group);
      const indices = group.kinds.get(kind) ?? [];
      group.kinds.set(kind, indices);
      return indices;
    };
    for (const index of this.#shown) {
      const entry = this.#all[index];
      if (entry === undefined) continue;
      kindsOf(entry.program, entry.kind).push(index);
      const group = programs.get(entry.program);
      if (group !== undefined) group.size += 1;
    }
    if (this.#shown.length < this.#all.length) return programs;
    for (const [program, kind, count] of this.#more) {
      kindsOf(program, kind);
      const group = programs.get(program);
      if (group !== undefined) group.size += count;
    }
    return programs;
  }

  #isOpen(key: string): boolean {
    return this.#open !== this.#turned.has(key);
  }
}
