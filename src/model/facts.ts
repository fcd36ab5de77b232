// SPDX-License-Identifier: Apache-2.0
// An event as a flat list of facts, so that two events can be compared member by member.
import type { SecurityEvent } from "../event/event.ts";
import { HOOKS } from "../event/index.ts";

/**
 * Value by place: `hook`, `program` (TASK_ID), `parent` (PTASK_ID), `syscall`, `coe.<member>`, or the place in the CELL as
 * `file.path.pathname`. Absent members have none.
 */
export type Facts = ReadonlyMap<string, string>;

/** The facts of an event. */
export function factsOf(e: SecurityEvent): Facts {
  const facts = new Map<string, string>([
    ["hook", e.hook],
    ["program", e.task.taskId],
    ["parent", e.task.pTaskId],
  ]);
  if (e.hook === "syscall") facts.set("syscall", e.syscall);
  flatten("coe", e.coe, facts);
  const cell = e.cell as unknown as Readonly<Record<string, unknown>>;
  for (const { member } of HOOKS[e.hook].cell) flatten(member, cell[member], facts);
  return facts;
}

function flatten(name: string, value: unknown, facts: Map<string, string>): void {
  if (value === undefined) return;
  if (typeof value !== "object" || value === null) {
    facts.set(name, String(value));
    return;
  }
  for (const [member, inner] of Object.entries(value)) flatten(`${name}.${member}`, inner, facts);
}

/** Names of the files, directories and names that an event is about, in the order of its CELL. */
export function pathsOf(e: SecurityEvent): readonly string[] {
  const cell = e.cell as unknown as Readonly<Record<string, unknown>>;
  return HOOKS[e.hook].cell.flatMap(({ member, kind }) => {
    const value = cell[member];
    if (value === undefined) return [];
    if (kind === "path") return [(value as { pathname: string }).pathname];
    if (kind !== "file" && kind !== "dentry") return [];
    return [(value as { path: { pathname: string } }).path.pathname];
  });
}
