// SPDX-License-Identifier: Apache-2.0
// Where the members of every CELL come from that the programs tell.
import { FILE_SOURCES } from "./file.ts";
import { INODE_SOURCES } from "./inode.ts";
import { IPC_SOURCES } from "./ipc.ts";
import { SOCKET_SOURCES } from "./socket.ts";
import type { HookSources, KernelHook } from "./source.ts";
import { SYSTEM_SOURCES } from "./system.ts";
import { TASK_SOURCES } from "./task.ts";

export const SOURCES: HookSources<KernelHook> = {
  ...FILE_SOURCES,
  ...INODE_SOURCES,
  ...SOCKET_SOURCES,
  ...TASK_SOURCES,
  ...IPC_SOURCES,
  ...SYSTEM_SOURCES,
};

export type { KernelHook, Source } from "./source.ts";
