// SPDX-License-Identifier: Apache-2.0
// What the simulator has to know of real tasks: their parents down to the thread, their capabilities, their age.
import { readdirSync, readFileSync } from "node:fs";

const CAP_MAC_ADMIN = 33n;

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}

/** Parent's process id and start time of a thread; undefined when it is gone. */
export function taskFacts(
  tid: number,
): { readonly parent: number; readonly started: string; readonly comm: string } | undefined {
  const text = readText(`/proc/${tid}/stat`);
  if (text === undefined) return undefined;
  const end = text.lastIndexOf(")");
  const fields = text.slice(end + 2).split(" ");
  return {
    parent: Number(fields[1]),
    started: fields[19] ?? "",
    comm: text.slice(text.indexOf("(") + 1, end),
  };
}

/** The very thread that is the parent of a process: TSEM keeps its bindings there. */
export function parentThread(tid: number): number | undefined {
  const parent = taskFacts(tid)?.parent;
  if (parent === undefined) return undefined;
  for (const thread of readdirSync(`/proc/${parent}/task`)) {
    const children = readText(`/proc/${parent}/task/${thread}/children`) ?? "";
    if (children.split(" ").includes(String(tid))) return Number(thread);
  }
  return undefined;
}

/** Process of a thread. */
export function processOf(tid: number): number {
  return Number(/^Tgid:\s*(\d+)/m.exec(readText(`/proc/${tid}/status`) ?? "")?.[1] ?? tid);
}

export function hasMacAdmin(tid: number): boolean {
  const mask = /^CapEff:\s*([0-9a-f]+)/m.exec(readText(`/proc/${tid}/status`) ?? "")?.[1] ?? "0";
  return ((BigInt(`0x${mask}`) >> CAP_MAC_ADMIN) & 1n) === 1n;
}
