// SPDX-License-Identifier: Apache-2.0
// Finding and killing every process below another one, from /proc, for the guard in Node and for Galgo itself when a guard
// was killed. The guard in C has the same in native/kill-tree.h.
import { readdirSync, readFileSync } from "node:fs";

/** What /proc/PID/stat says of a process. */
interface ProcessEntry {
  readonly state: string;
  readonly parent: number;
}

/** State and parent of a process, or undefined when it is gone. */
export function processEntry(pid: number): ProcessEntry | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // "pid (name) state ppid ...": the name may hold anything, a ")" too
    const [state = "", parent = ""] = text.slice(text.lastIndexOf(")") + 2).split(" ", 2);
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

/** Every process below `root`, children before grandchildren; zombies too. */
export function descendants(root: number): number[] {
  const found = [root];
  const childrenOf = childrenLister();
  for (let i = 0; i < found.length; i++) found.push(...childrenOf(found[i] ?? 0));
  return found.slice(1);
}

/** Direct children of a process; zombies too. */
export function children(pid: number): number[] {
  return childrenLister()(pid);
}

function childrenLister(): (pid: number) => number[] {
  try {
    readFileSync(`/proc/self/task/${process.pid}/children`); // CONFIG_PROC_CHILDREN
    return listedChildren;
  } catch {
    const byParent = allByParent();
    return (pid) => byParent.get(pid) ?? [];
  }
}

function listedChildren(pid: number): number[] {
  return entries(`/proc/${pid}/task`).flatMap((task) => {
    try {
      const text = readFileSync(`/proc/${pid}/task/${task}/children`, "latin1");
      return text.split(" ").filter(Boolean).map(Number);
    } catch {
      return [];
    }
  });
}

function allByParent(): Map<number, number[]> {
  const byParent = new Map<number, number[]>();
  for (const name of entries("/proc")) {
    const pid = Number(name);
    const parent = Number.isInteger(pid) ? processEntry(pid)?.parent : undefined;
    if (parent === undefined) continue;
    const siblings = byParent.get(parent);
    if (siblings === undefined) byParent.set(parent, [pid]);
    else siblings.push(pid);
  }
  return byParent;
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** SIGKILL; a process that is gone or not ours to kill is left. */
export function killProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // gone, or a program that runs as somebody else
  }
}

/** Number of seccomp filters on a process (0 when it is gone): how a workload's orphans are told from other children. */
export function filterCount(pid: number | "self"): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    return Number(/^Seccomp_filters:\s*(\d+)/m.exec(status)?.[1] ?? 0);
  } catch {
    return 0;
  }
}
