// SPDX-License-Identifier: Apache-2.0
// Checks an open that had to go on in a task whose threads could rewrite its path: at the task's next event every
// descriptor that is new must be the object that was decided on, or one that the agent installed.
import { readdirSync } from "node:fs";
import type { Task } from "./tasks.ts";
import { linkText, statLink } from "./link.ts";
import { FileType } from "./stat.ts";

/** What was open before, and what may be new. */
export interface PendingOpen {
  readonly before: ReadonlySet<string>;
  readonly expected: string;
  /** stat keys that the agent installed in the process meanwhile. */
  readonly installed: Set<string>;
}

/** To be called while the task is held, before its open goes on. */
export function snapshotFds(task: Task, expected: string): PendingOpen {
  return { before: new Set(openFds(task)), expected, installed: new Set() };
}

/** Path of a regular file or directory that the process has got past the decision; undefined when all is right. */
export function contradictedOpen(task: Task, pending: PendingOpen): string | undefined {
  for (const fd of openFds(task)) {
    if (pending.before.has(fd)) continue;
    const link = `/proc/${task.process.tgid}/fd/${fd}`;
    const stat = statLink(link);
    if (stat === undefined || stat.key === pending.expected || pending.installed.has(stat.key))
      continue;
    if (stat.type === FileType.regular || stat.type === FileType.directory) return linkText(link);
  }
  return undefined;
}

function openFds(task: Task): string[] {
  try {
    return readdirSync(`/proc/${task.process.tgid}/fd`);
  } catch {
    return [];
  }
}
