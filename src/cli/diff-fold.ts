// SPDX-License-Identifier: Apache-2.0
// Makes long lists of changes short: what every program reads to start, many files of one directory, the same program started in many ways.
import { quote } from "../base/quote.ts";
import type { Change, ProgramChanges } from "../model/diff/index.ts";
import { count } from "./render.ts";

/** Files of one directory from which on they are one line. */
const FOLD_FROM = 4;
/** What the loader and the C library read before a program does anything of its own. */
const START_UP =
  /^\/(?:usr\/)?lib(?:32|64|exec)?\/(?:[^/]+-linux-[^/]+\/)?(?:lib|ld-|locale\/|gconv\/)|^\/etc\/(?:ld\.so\.|locale\.alias|nsswitch\.conf|localtime)|^\/usr\/share\/(?:locale|zoneinfo)\//;

/** A change, or several as one. */
export interface Folded {
  readonly kind: Change["kind"];
  readonly words: string;
  readonly coefficients: readonly string[];
  readonly tests: readonly string[];
}

/** Shorter changes of one kind; `fresh`: of a program that is all new or all gone. */
export function foldChanges(changes: readonly Change[], fresh: boolean): readonly Folded[] {
  const rest: Change[] = [];
  const startUp: Change[] = [];
  for (const change of changes) (fresh && isStartUp(change) ? startUp : rest).push(change);
  const folded = foldDirectories(rest);
  if (startUp.length < FOLD_FROM) return [...folded, ...startUp];
  return [
    joined(
      startUp,
      `reads what programs start with: ${count(startUp.length)} libraries, locales and the like`,
    ),
    ...folded,
  ];
}

function isStartUp({ kind, example }: Change): boolean {
  return kind === "reads" && START_UP.test(pathOf(example) ?? "");
}

function foldDirectories(changes: readonly Change[]): readonly Folded[] {
  const byPlace = new Map<string, { readonly path: string; readonly changes: Change[] }>();
  const keyOf = (change: Change): string => {
    const path = pathOf(change.example);
    const at = path === undefined ? -1 : change.words.indexOf(path);
    // which programs are started is always worth a line
    if (path === undefined || at < 0 || change.kind === "programs")
      return `${change.kind} ${change.words}`;
    const directory = path.slice(0, path.lastIndexOf("/") + 1);
    return `${directory} ${change.words.slice(0, at)} ${change.words.slice(at + path.length)}`;
  };
  for (const change of changes) {
    const key = keyOf(change);
    const known = byPlace.get(key) ?? { path: pathOf(change.example) ?? "", changes: [] };
    known.changes.push(change);
    byPlace.set(key, known);
  }
  return [...byPlace.values()].flatMap(({ path, changes: list }) => {
    const [first] = list;
    if (list.length < FOLD_FROM || first === undefined) return list;
    return [joined(list, manyWords(first.words, path, list.length))];
  });
}

/** "opens 4 files in /srv/" for "opens /srv/a". */
function manyWords(words: string, path: string, size: number): string {
  const place = quote(path.slice(0, path.lastIndexOf("/") + 1));
  const many = (what: string): string => `${count(size)} ${what} in ${place}`;
  const directory = `directory ${path}`;
  return words.includes(directory)
    ? words.replace(directory, () => many("directories"))
    : words.replace(path, () => many("files"));
}

function joined(changes: readonly Change[], words: string): Folded {
  const [first] = changes;
  return {
    kind: first?.kind ?? "other",
    words,
    // one line, however many variants: their number stands in the words
    coefficients: (first?.coefficients ?? []).slice(0, 1),
    tests: [...new Set(changes.flatMap(({ tests }) => tests))].sort(),
  };
}

/** The file that an event is about, when it stands in its words as it is. */
function pathOf({ cell }: Change["example"]): string | undefined {
  const { file, dentry } = cell as { readonly file?: WithPath; readonly dentry?: WithPath };
  const pathname = (file ?? dentry)?.path.pathname;
  return pathname === undefined || quote(pathname) !== pathname ? undefined : pathname;
}

interface WithPath {
  readonly path: { readonly pathname: string };
}

/** Programs that are new, or gone, and do the same wherever they are started, as one; `ways`: how many chains that are. */
export function foldPrograms(
  programs: readonly ProgramChanges[],
): readonly (ProgramChanges & { readonly ways: number })[] {
  const found = new Map<string, ProgramChanges & { ways: number }>();
  for (const program of programs) {
    const key = program.status === "kept" ? program.chain.join("\n") : sameness(program);
    const known = found.get(key);
    if (known === undefined) found.set(key, { ...program, ways: 1 });
    else known.ways += 1;
  }
  return [...found.values()];
}

function sameness({ chain, status, added, removed }: ProgramChanges): string {
  const words = [...added, ...removed].map((change) => change.words);
  return [status, chain.at(-1), ...words].join("\n");
}
