// SPDX-License-Identifier: Apache-2.0
// What is done to tasks and credentials, in words.
import type {
  CapsetCell,
  TaskCells,
  TaskKillCell,
  TaskPrctlCell,
  TaskPrlimitCell,
  TaskSetrlimitCell,
} from "./cell/task.ts";
import { CAPABILITIES, LIMITS, nameOf, PRCTL_OPTIONS, SIGNALS } from "./names-table.ts";
import { type ProgramNames, processWords, type WordsOf } from "./program-names.ts";

const MAX_LISTED = 8;
const PTRACE_MODE_ATTACH = 2;

function killWords(cell: TaskKillCell, names: ProgramNames): string {
  const outside = cell.crossNs !== 0;
  const target = outside ? "a process outside the workload" : processWords(cell.target, names);
  if (cell.sig === 0) return `checks for ${target}`;
  if (cell.sig === 9) return `kills ${target}`;
  const signal = cell.sig > 31 ? `signal ${cell.sig}` : nameOf(SIGNALS, cell.sig);
  return `sends ${signal} to ${target}`;
}

function traceWords(child: string, mode: number, names: ProgramNames): string {
  const verb = (mode & PTRACE_MODE_ATTACH) !== 0 ? "controls" : "looks into";
  return `${verb} ${processWords(child, names)}`;
}

function capsetWords({ effective, permitted, inheritable }: CapsetCell): string {
  return `changes its capabilities: effective ${capabilityWords(effective)}, permitted ${capabilityWords(permitted)}, inheritable ${capabilityWords(inheritable)}`;
}

function capabilityWords(mask: bigint): string {
  const names: string[] = [];
  for (let bit = 0; bit < 64; bit++) {
    if (((mask >> BigInt(bit)) & 1n) === 1n) names.push(nameOf(CAPABILITIES, bit));
  }
  if (names.length === 0) return "none";
  return names.length > MAX_LISTED ? `0x${mask.toString(16)}` : names.join("+");
}

function prctlWords({ option, arg2, arg3, arg4, arg5 }: TaskPrctlCell): string {
  const args = [arg2, arg3, arg4, arg5];
  while (args.length > 0 && args.at(-1) === 0n) args.pop();
  const shown = [nameOf(PRCTL_OPTIONS, option), ...args.map((arg) => `0x${arg.toString(16)}`)];
  return `changes a process setting: ${shown.join(", ")}`;
}

const PRLIMIT_READ = 1;
const PRLIMIT_WRITE = 2;
const UNLIMITED = 0xffff_ffff_ffff_ffffn;

function prlimitWords({ tcred, flags }: TaskPrlimitCell): string {
  const verbs = [
    ...((flags & PRLIMIT_READ) === 0 ? [] : ["reads"]),
    ...((flags & PRLIMIT_WRITE) === 0 ? [] : ["sets"]),
  ];
  return `${verbs.join(" and ") || "uses"} the limits of a process of user ${tcred.uid}`;
}

function rlimitWords(cell: TaskSetrlimitCell, names: ProgramNames): string {
  const name = nameOf(LIMITS, cell.resource);
  const limit = limitWords(cell.current);
  const max = cell.max === cell.current ? "" : ` (at most ${limitWords(cell.max)})`;
  return `sets the limit ${name} of ${processWords(cell.task, names)} to ${limit}${max}`;
}

const limitWords = (limit: bigint): string => (limit === UNLIMITED ? "unlimited" : `${limit}`);

/** What is done to tasks and credentials. */
export const TASK_WORDS: WordsOf<TaskCells> = {
  task_kill: (e, names) => killWords(e.cell, names),
  task_setpgid: (e, names) => `sets the process group of ${processWords(e.cell.task, names)}`,
  task_getpgid: (e, names) => `asks for the process group of ${processWords(e.cell.task, names)}`,
  task_getsid: (e, names) => `asks for the session of ${processWords(e.cell.task, names)}`,
  task_setnice: ({ cell }, names) =>
    `sets the niceness of ${processWords(cell.task, names)} to ${cell.nice | 0}`,
  task_setioprio: ({ cell }, names) =>
    `sets the I/O priority of ${processWords(cell.task, names)} to ${cell.ioprio | 0}`,
  task_getioprio: (e, names) => `asks for the I/O priority of ${processWords(e.cell.task, names)}`,
  task_prlimit: (e) => prlimitWords(e.cell),
  task_setrlimit: (e, names) => rlimitWords(e.cell, names),
  task_setscheduler: (e, names) => `sets how ${processWords(e.cell.task, names)} is scheduled`,
  task_getscheduler: (e, names) => `asks how ${processWords(e.cell.task, names)} is scheduled`,
  task_prctl: (e) => prctlWords(e.cell),
  ptrace_access_check: (e, names) => traceWords(e.cell.child, e.cell.mode, names),
  ptrace_traceme: () => "lets its parent trace it",
  capable: (e) => `uses the capability ${nameOf(CAPABILITIES, e.cell.cap)}`,
  capget: (e, names) => `asks for the capabilities of ${processWords(e.cell.target, names)}`,
  capset: (e) => capsetWords(e.cell),
};
