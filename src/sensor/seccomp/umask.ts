// SPDX-License-Identifier: Apache-2.0
// File mode creation mask of a task, read when it is needed and remembered until somebody calls umask(2) or execs.
import { readStatus } from "./proc.ts";
import type { Task } from "./tasks.ts";

const USUAL = 0o022;

/** The umask; 0o022 for a task that is gone. */
export function umaskOf(task: Task): number {
  const { process } = task;
  // while a change is under way in another thread, and where threads have their own, nothing can be remembered
  if (process.splitFs || changing(task)) return readStatus(task.tid)?.umask ?? USUAL;
  if (process.umask < 0) process.umask = readStatus(task.tid)?.umask ?? USUAL;
  return process.umask;
}

function changing({ process }: Task): boolean {
  if (process.threads.size < 2) return false;
  for (const thread of process.threads.values()) if (thread.umaskPending) return true;
  return false;
}
