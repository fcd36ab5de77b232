// SPDX-License-Identifier: Apache-2.0
// The hook vocabulary as one table: where a hook comes from, what it means in words, and the layout of its CELL.
// To add a hook: give it a CELL type and a line in its family (cell/) and an entry in the family's table (hooks/). The record codecs follow.
import type { HookName } from "./event.ts";
import { FILE_HOOKS } from "./hooks/file.ts";
import { INODE_HOOKS } from "./hooks/inode.ts";
import { IPC_HOOKS } from "./hooks/ipc.ts";
import { KERNEL_HOOKS } from "./hooks/kernel.ts";
import { MOUNT_HOOKS } from "./hooks/mount.ts";
import { OWN_HOOKS } from "./hooks/own.ts";
import { SOCKET_HOOKS } from "./hooks/socket.ts";
import { TASK_HOOKS } from "./hooks/task.ts";
import { type AnyFieldSpec, type Field, fieldOf } from "./layout.ts";

/** What is known of a hook. */
export interface HookInfo {
  readonly name: HookName;
  /** `tsem`: name and members of the TSEM kernel. `galgo`: our own, mapped by a documented extension. */
  readonly origin: "tsem" | "galgo";
  /** What the task does, as a verb phrase without an object. */
  readonly words: string;
  /** Members of the CELL in order. */
  readonly cell: readonly Field[];
}

const TSEM_HOOKS = {
  ...FILE_HOOKS,
  ...INODE_HOOKS,
  ...SOCKET_HOOKS,
  ...TASK_HOOKS,
  ...IPC_HOOKS,
  ...MOUNT_HOOKS,
  ...KERNEL_HOOKS,
};

interface AnyHookSpec {
  readonly words: string;
  readonly cell: readonly AnyFieldSpec[];
}

const SPECS: { readonly [H in HookName]: AnyHookSpec } = { ...TSEM_HOOKS, ...OWN_HOOKS };

/** Every hook of the vocabulary. */
export const HOOKS: { readonly [H in HookName]: HookInfo } = table();

/** Names of all hooks, in the order of the vocabulary. */
export const HOOK_NAMES: readonly HookName[] = Object.keys(HOOKS) as HookName[];

function table(): { readonly [H in HookName]: HookInfo } {
  const entries = Object.entries(SPECS).map(([name, { words, cell }]): [string, HookInfo] => [
    name,
    {
      name: name as HookName,
      origin: Object.hasOwn(OWN_HOOKS, name) ? "galgo" : "tsem",
      words,
      cell: cell.map(fieldOf),
    },
  ]);
  return Object.fromEntries(entries) as { readonly [H in HookName]: HookInfo };
}

/** True when `name` is a hook of the vocabulary. */
export function isHookName(name: string): name is HookName {
  return Object.hasOwn(HOOKS, name);
}
