// SPDX-License-Identifier: Apache-2.0
// What is done through Galgo's own hooks, in words.
import { quote } from "../base/quote.ts";
import type { OwnCells, SyscallCell, TaskFixIdsCell } from "./cell/own.ts";
import { pathWords, protectWords } from "./file-words.ts";
import type { WordsOf } from "./program-names.ts";

const UNCHANGED = 0xffff_ffff;
const MAX_LISTED = 8;

function idsWords(what: string, { ids }: TaskFixIdsCell): string {
  const shown = ids.slice(0, MAX_LISTED).map((id) => (id === UNCHANGED ? "unchanged" : `${id}`));
  const more = ids.length > MAX_LISTED ? [`${ids.length - MAX_LISTED} more`] : [];
  return `changes its ${what} to ${[...shown, ...more].join(", ") || "none"}`;
}

function syscallWords(name: string, { args, text }: SyscallCell): string {
  const shown = args.map((arg) => (arg < 10n ? `${arg}` : `0x${arg.toString(16)}`));
  if (text !== undefined) shown.push(quote(text));
  return `calls ${quote(name)}(${shown.join(", ")})`;
}

/** What is done through Galgo's own hooks. */
export const OWN_WORDS: WordsOf<OwnCells> = {
  file_mprotect: (e) => protectWords(e.cell.file, e.cell.prot),
  path_chroot: (e) => `changes its root directory to ${pathWords(e.cell.path)}`,
  task_fix_setuid: (e) => idsWords("user ids", e.cell),
  task_fix_setgid: (e) => idsWords("group ids", e.cell),
  task_fix_setgroups: (e) => idsWords("supplementary groups", e.cell),
  syscall: (e) => syscallWords(e.syscall, e.cell),
};
