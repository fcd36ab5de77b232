// SPDX-License-Identifier: Apache-2.0
// Numbers of a task as others see it: a mounted /proc shows the pid namespace of whoever mounted it.
import { sys } from "../../native/syscalls.ffi.ts";
import { O } from "../file/open-flags.ts";
import { linkText } from "./link.ts";
import { type NamespacePids, pidsInNamespaces, readProc, readProcAt } from "./proc.ts";
import type { Task, TaskTable } from "./tasks.ts";

/** Thread group and thread id. */
export interface TaskNumbers {
  readonly tgid: number;
  readonly tid: number;
}

/** What the task is called in the /proc whose root is `procRoot`; undefined when it is not in it. */
export function ownNumber(task: Task, procRoot: number): TaskNumbers | undefined {
  const { process, tid } = task;
  if (process.view.samePidNamespace) return { tgid: process.tgid, tid };
  const pids = pidsOf(tid);
  if (pids === undefined) return undefined;
  // from the outermost namespace inwards: in the right one the rest of the list is what that /proc shows
  for (let level = 0; level < pids.tgids.length; level++) {
    const [tgid, own] = [pids.tgids[level], pids.tids[level]];
    if (tgid === undefined || own === undefined) continue;
    const there = pidsInNamespaces(statusAt(procRoot, `${tgid}/task/${own}`));
    if (there === undefined || `${there.tids}` !== `${pids.tids.slice(level)}`) continue;
    return { tgid, tid: own };
  }
  return undefined;
}

function statusAt(procRoot: number, folder: string): string {
  const path = Buffer.from(`${folder}/status\0`, "latin1");
  const fd = sys().openat(procRoot, path, O.CLOEXEC, 0);
  return fd < 0 ? "" : (readProcAt(fd) ?? "");
}

/**
 * What a pid that a task names is here. A task in a pid namespace of its own counts from 1 again.
 * @returns -1 when no known process has the number there
 */
export function pidFromTask(tasks: TaskTable, task: Task, pid: number): number {
  if (pid <= 0 || task.process.view.samePidNamespace) return pid;
  const own = pidsOf(task.tid);
  if (own === undefined) return -1;
  const level = own.tids.length - 1;
  for (const process of tasks.processes.values()) {
    for (const tid of new Set([process.tgid, ...process.threads.keys()])) {
      const pids = pidsOf(tid)?.tids;
      if (pids?.[level] === pid && (pids.length > level + 1 || sameNamespace(task.tid, tid)))
        return tid;
    }
  }
  return -1;
}

function pidsOf(tid: number): NamespacePids | undefined {
  return pidsInNamespaces(readProc(`/proc/${tid}/status`) ?? "");
}

/** Numbers are unique in one namespace; processes in namespaces below it have one there too. */
function sameNamespace(a: number, b: number): boolean {
  const text = linkText(`/proc/${a}/ns/pid`);
  return text !== "?" && text === linkText(`/proc/${b}/ns/pid`);
}

/** A process by its number here and in its container. */
interface ContainedNumbers {
  /** Here, as events name it. */
  readonly tgid: number;
  /** In its container; undefined: it is in none. */
  readonly innerPid: number | undefined;
}

/**
 * A path below the /proc of a container as it is told: the process's own directory under the number that events name it by, so that rules
 * see that it is itself. The two numbers are exchanged: whoever has inside the number that it has here is somebody else, and is told as that.
 */
export function ownNumbered({ tgid, innerPid }: ContainedNumbers, pathname: string): string {
  if (innerPid === undefined || innerPid === tgid) return pathname;
  const [, number, rest = ""] = /^\/proc\/(\d+)(\/.*)?$/s.exec(pathname) ?? [];
  if (number === String(innerPid)) return `/proc/${tgid}${rest}`;
  return number === String(tgid) ? `/proc/${innerPid}${rest}` : pathname;
}
