// SPDX-License-Identifier: Apache-2.0
// Events from tasks.
import type { Coe } from "../../event/coe.ts";
import type { CellByHook, HookName, SecurityEvent } from "../../event/event.ts";
import type { Task } from "./tasks.ts";

/** The credentials of a task as events tell them. */
export function shownCoe({ status, process }: Task): Coe {
  return process.ids?.coe(status.coe) ?? status.coe;
}

/** A security event of `task`. */
export function eventOf<H extends HookName>(
  task: Task,
  hook: H,
  cell: CellByHook[H],
  syscall: string,
): SecurityEvent {
  const ts = process.hrtime.bigint();
  task.process.lastTs = ts;
  const base = {
    hook,
    pid: task.tid,
    tgid: task.process.tgid,
    process: task.process.name,
    task: task.process.identity,
    coe: shownCoe(task),
    ts,
    cell,
  };
  // the pair (hook, cell) is right by the type of this function; TypeScript can not see it through the union
  return (hook === "syscall" ? { ...base, syscall } : base) as unknown as SecurityEvent;
}
