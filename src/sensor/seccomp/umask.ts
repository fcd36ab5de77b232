// SPDX-License-Identifier: Apache-2.0
// File mode creation mask of a task. Read whenever something is created: umask(2) is not notified, because held it could be
// interrupted by a signal, and it has no way to say so.
import { readStatus } from "./proc.ts";
import type { Task } from "./tasks.ts";

/** The umask; 0o022 for a task that is gone. */
export function umaskOf(task: Task): number {
  return readStatus(task.tid)?.umask ?? 0o022;
}
