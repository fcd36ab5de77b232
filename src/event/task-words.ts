// SPDX-License-Identifier: Apache-2.0
// What is done to tasks, credentials and the system, in words.
import { quote } from "../base/quote.ts";
import type {
  BpfCell,
  CapsetCell,
  SbMountCell,
  SettimeCell,
  SyscallCell,
  SyslogCell,
  TaskFixIdsCell,
  TaskKillCell,
  TaskPrctlCell,
} from "./cell/task.ts";
import { pathWords } from "./file-words.ts";
import {
  BPF_COMMANDS,
  bitsOf,
  CAPABILITIES,
  MOUNT_FLAGS,
  nameOf,
  PRCTL_OPTIONS,
  SIGNALS,
  SYSLOG_ACTIONS,
} from "./names-table.ts";

const UNCHANGED = 0xffff_ffff;
const MAX_LISTED = 8;
const PTRACE_MODE_ATTACH = 2;

/** Names a program by its TASK_ID, when the caller knows it. */
export type ProgramNames = (taskId: string) => string | undefined;

/** "a process of /bin/sh", or by the start of the TASK_ID. */
export function processWords(taskId: string, names: ProgramNames): string {
  if (/^0*$/.test(taskId)) return "a process outside the workload";
  const name = names(taskId);
  return `a process of ${name === undefined ? `program ${taskId.slice(0, 12)}` : quote(name)}`;
}

export function killWords(cell: TaskKillCell, names: ProgramNames): string {
  const outside = cell.crossNs !== 0;
  const target = outside ? "a process outside the workload" : processWords(cell.target, names);
  if (cell.sig === 0) return `checks for ${target}`;
  if (cell.sig === 9) return `kills ${target}`;
  const signal = cell.sig > 31 ? `signal ${cell.sig}` : nameOf(SIGNALS, cell.sig);
  return `sends ${signal} to ${target}`;
}

export function traceWords(child: string, mode: number, names: ProgramNames): string {
  const verb = (mode & PTRACE_MODE_ATTACH) !== 0 ? "controls" : "looks into";
  return `${verb} ${processWords(child, names)}`;
}

export function capsetWords({ effective, permitted, inheritable }: CapsetCell): string {
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

export function prctlWords({ option, arg2, arg3, arg4, arg5 }: TaskPrctlCell): string {
  const args = [arg2, arg3, arg4, arg5];
  while (args.length > 0 && args.at(-1) === 0n) args.pop();
  const shown = [nameOf(PRCTL_OPTIONS, option), ...args.map((arg) => `0x${arg.toString(16)}`)];
  return `changes a process setting: ${shown.join(", ")}`;
}

export function mountWords({ devName, path, type, flags }: SbMountCell): string {
  const names = bitsOf(MOUNT_FLAGS, Number(flags & 0xffff_ffffn));
  const what = devName === undefined ? "a filesystem" : quote(devName);
  const details = [...(type === undefined ? [] : [quote(type)]), ...names].join(", ");
  return `mounts ${what} on ${pathWords(path)}${details === "" ? "" : ` (${details})`}`;
}

export function syslogWords({ type }: SyslogCell): string {
  return SYSLOG_ACTIONS.get(type) ?? `uses the kernel log (action ${type})`;
}

export function settimeWords({ seconds, minuteswest }: SettimeCell): string {
  const clock = seconds === undefined ? [] : [`the clock to ${seconds} s`];
  const zone = minuteswest === undefined ? [] : [`the time zone to ${minuteswest} min west`];
  return `sets ${[...clock, ...zone].join(" and ") || "the clock"}`;
}

export function bpfWords({ cmd }: BpfCell): string {
  return `uses bpf (${nameOf(BPF_COMMANDS, cmd)})`;
}

export function idsWords(what: string, { ids }: TaskFixIdsCell): string {
  const shown = ids.slice(0, MAX_LISTED).map((id) => (id === UNCHANGED ? "unchanged" : `${id}`));
  const more = ids.length > MAX_LISTED ? [`${ids.length - MAX_LISTED} more`] : [];
  return `changes its ${what} to ${[...shown, ...more].join(", ") || "none"}`;
}

export function syscallWords(name: string, { args, text }: SyscallCell): string {
  const shown = args.map((arg) => (arg < 10n ? `${arg}` : `0x${arg.toString(16)}`));
  if (text !== undefined) shown.push(quote(text));
  return `calls ${quote(name)}(${shown.join(", ")})`;
}
