// SPDX-License-Identifier: Apache-2.0
// What the files of words share: the type of a table of words, and how another process is named.
import { quote } from "../base/quote.ts";
import type { EventOf, HookName } from "./event.ts";

/** Names a program by its TASK_ID, when the caller knows it. */
export type ProgramNames = (taskId: string) => string | undefined;

/** Words for the hooks of one family. */
export type WordsOf<Cells> = {
  readonly [H in keyof Cells & HookName]: (e: EventOf<H>, names: ProgramNames) => string;
};

/** "a process of /bin/sh", or by the start of the TASK_ID. */
export function processWords(taskId: string, names: ProgramNames): string {
  if (isNobody(taskId)) return "a process outside the workload";
  return `a process of ${programWords(taskId, names)}`;
}

/** "/bin/sh", or "program" and the start of the TASK_ID. */
export function programWords(taskId: string, names: ProgramNames): string {
  const name = names(taskId);
  return name === undefined ? `program ${taskId.slice(0, 12)}` : quote(name);
}

/** " of /bin/sh" for what a program of the workload made, else nothing. */
export function makerWords(owner: string | undefined, names: ProgramNames): string {
  return owner === undefined || isNobody(owner) ? "" : ` of ${programWords(owner, names)}`;
}

function isNobody(taskId: string): boolean {
  return /^0*$/.test(taskId);
}
