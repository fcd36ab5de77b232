// SPDX-License-Identifier: Apache-2.0
// Events of which a record says that they happened, and not on what. Quixote's agent does not look at the CELL of most hooks, so records that are
// read by its rules may have none, or one that nobody can read; its mapping needs only the name of the hook.
import type { HookName, SecurityEvent } from "./event.ts";
import { HOOKS } from "./hooks.ts";

/** Hooks whose CELL is looked at by everybody: those that Quixote models. */
const ALWAYS_TOLD: ReadonlySet<HookName> = new Set<HookName>([
  "file_open",
  "mmap_file",
  "socket_create",
  "socket_connect",
  "socket_bind",
  "socket_accept",
  "task_kill",
]);

/** True for hooks whose events may have a CELL without members although their layout requires some. */
export function mayBeUntold(hook: HookName): boolean {
  const { origin, cell } = HOOKS[hook];
  return origin === "tsem" && !ALWAYS_TOLD.has(hook) && cell.some((field) => !field.optional);
}

/** True for an event whose CELL is not told. Only mappings that do not look at it have a place for such an event. */
export function isUntold(e: SecurityEvent): boolean {
  for (const _ in e.cell) return false;
  return mayBeUntold(e.hook);
}
