// SPDX-License-Identifier: Apache-2.0
// Builders of security events: complete, ordinary ones, of which a test changes what it is about.
import type {
  Coe,
  EventOf,
  FileId,
  HookName,
  InodeId,
  PathId,
  TaskIdentity,
} from "../../src/event/index.ts";
import type { CellByHook } from "../../src/event/index.ts";

export const ROOT: Coe = {
  uid: 0,
  euid: 0,
  suid: 0,
  gid: 0,
  egid: 0,
  sgid: 0,
  fsuid: 0,
  fsgid: 0,
  capeff: 0x1ffffffffffn,
};

export const TASK: TaskIdentity = { taskId: "11".repeat(32), pTaskId: "22".repeat(32) };

export const FILE_INODE: InodeId = {
  uid: 0,
  gid: 0,
  mode: 0o100644,
  sMagic: 0xef53,
  sId: "vda",
  sUuid: "11111111222233334444555555555555",
};

export const DIRECTORY_INODE: InodeId = { ...FILE_INODE, mode: 0o040755 };

/** A path on the first disk. */
export function aPath(pathname: string): PathId {
  return { dev: { major: 254, minor: 0 }, pathname };
}

/** A file that was opened for reading; its content digest is `cc...` unless given. */
export function aFile(pathname: string, changes: Partial<FileId> = {}): FileId {
  return {
    flags: 0x8000,
    inode: FILE_INODE,
    path: aPath(pathname),
    digest: "cc".repeat(32),
    ...changes,
  };
}

/** An event of a hook that has a CELL of its own. */
export function anEvent<H extends Exclude<HookName, "syscall">>(
  hook: H,
  cell: CellByHook[H],
  changes: Partial<Omit<EventOf<"file_open">, "hook" | "cell">> = {},
): EventOf<H> {
  const event = {
    hook,
    pid: 10,
    tgid: 10,
    process: "sh",
    task: TASK,
    coe: ROOT,
    ts: 0n,
    cell,
    ...changes,
  };
  return event as unknown as EventOf<H>;
}

/** A system call without a hook. */
export function aSyscall(
  syscall: string,
  args: readonly bigint[],
  text?: string,
): EventOf<"syscall"> {
  const cell = { args, ...(text !== undefined && { text }) };
  return { hook: "syscall", syscall, pid: 10, process: "sh", task: TASK, coe: ROOT, ts: 0n, cell };
}
