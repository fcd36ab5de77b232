// SPDX-License-Identifier: Apache-2.0
// Whether anybody else can rewrite a piece of a held task's memory before the kernel reads it: another thread, a process that
// shares all memory (vfork, CLONE_VM) or this mapping.
import { readProc, readStatus } from "./proc.ts";
import type { Task } from "./tasks.ts";

/** True unless it is sure that only the held task can write there. */
export function mayBeRewritten(task: Task, address: bigint): boolean {
  if (task.process.sharesMemory || (readStatus(task.tid)?.threads ?? 2) > 1) return true;
  for (const line of (readProc(`/proc/${task.tid}/maps`) ?? "").split("\n")) {
    const [range = "", protection = "", , , inode] = line.split(/ +/, 5);
    const [from = "", to = ""] = range.split("-");
    if (to === "" || BigInt(`0x${from}`) > address || BigInt(`0x${to}`) <= address) continue;
    // of a private mapping of a file, pages that were not written yet change with the file
    return !protection.endsWith("p") || inode !== "0";
  }
  return true;
}
