// SPDX-License-Identifier: Apache-2.0
// Events from tasks.
import type { CellByHook, HookName, SecurityEvent } from "../../event/event.ts";
import type { Task } from "./tasks.ts";

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
    coe: task.status.coe,
    ts,
    cell,
  };
  // the pair (hook, cell) is right by the type of this function; TypeScript can not see it through the union
  return (hook === "syscall" ? { ...base, syscall } : base) as unknown as SecurityEvent;
}
