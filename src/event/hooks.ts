// SPDX-License-Identifier: Apache-2.0
// The hook vocabulary as one table: where a hook comes from, what it means in words, and the layout of its CELL.
// To add a hook: give it a CELL type in cell/, a line in CellByHook (event.ts) and an entry here. The record codec and the mappings follow.
import type { CellByHook, HookName } from "./event.ts";
import { type Field, type FieldSpec, fieldOf } from "./layout.ts";

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

interface HookSpec<C> {
  readonly origin: "tsem" | "galgo";
  readonly words: string;
  readonly cell: readonly FieldSpec<C>[];
}

const CREATE = [
  ["dir", "inode"],
  ["dentry", "dentry"],
  ["mode", "mode"],
] as const;
const REMOVE = [
  ["dir", "inode"],
  ["dentry", "dentry"],
] as const;
const ADDRESS = [
  ["sock", "sock"],
  ["addr", "addr"],
] as const;
const MESSAGE = [
  ["sock", "sock"],
  ["addr", "addr?"],
] as const;
const IDS = [
  ["flags", "u32"],
  ["ids", "u32s"],
] as const;

const SPECS: { readonly [H in HookName]: HookSpec<CellByHook[H]> } = {
  file_open: { origin: "tsem", words: "opens", cell: [["file", "file"]] },
  file_ioctl: {
    origin: "tsem",
    words: "controls a device",
    cell: [
      ["file", "file"],
      ["cmd", "u32"],
    ],
  },
  mmap_file: {
    origin: "tsem",
    words: "maps into memory",
    cell: [
      ["file", "file?"],
      ["prot", "u32"],
      ["flags", "u32"],
    ],
  },
  inode_create: { origin: "tsem", words: "creates a file", cell: CREATE },
  inode_mkdir: { origin: "tsem", words: "makes a directory", cell: CREATE },
  inode_unlink: { origin: "tsem", words: "removes a file", cell: REMOVE },
  inode_rmdir: { origin: "tsem", words: "removes a directory", cell: REMOVE },
  inode_link: {
    origin: "tsem",
    words: "links a file",
    cell: [
      ["oldDentry", "dentry"],
      ["dir", "inode"],
      ["newDentry", "dentry"],
    ],
  },
  inode_symlink: {
    origin: "tsem",
    words: "makes a symbolic link",
    cell: [
      ["dir", "inode"],
      ["dentry", "dentry"],
      ["oldName", "text"],
    ],
  },
  inode_mknod: {
    origin: "tsem",
    words: "makes a special file",
    cell: [
      ["dir", "inode"],
      ["dentry", "dentry"],
      ["mode", "mode"],
      ["dev", "device"],
    ],
  },
  inode_rename: {
    origin: "tsem",
    words: "renames a file",
    cell: [
      ["oldDir", "inode"],
      ["oldDentry", "dentry"],
      ["newDir", "inode"],
      ["newDentry", "dentry"],
    ],
  },
  inode_setattr: {
    origin: "tsem",
    words: "changes attributes of a file",
    cell: [
      ["dentry", "dentry"],
      ["attr", "attr"],
    ],
  },
  inode_setxattr: {
    origin: "tsem",
    words: "sets an extended attribute",
    cell: [
      ["dentry", "dentry"],
      ["name", "text"],
      ["value", "base64"],
      ["flags", "u32"],
    ],
  },
  inode_removexattr: {
    origin: "tsem",
    words: "removes an extended attribute",
    cell: [
      ["dentry", "dentry"],
      ["name", "text"],
    ],
  },
  socket_create: {
    origin: "tsem",
    words: "creates a socket",
    cell: [
      ["family", "u32"],
      ["type", "u32"],
      ["protocol", "i32"],
      ["kern", "u32"],
    ],
  },
  socket_socketpair: {
    origin: "tsem",
    words: "creates a pair of sockets",
    cell: [
      ["socka", "sock"],
      ["sockb", "sock"],
    ],
  },
  socket_connect: { origin: "tsem", words: "connects", cell: ADDRESS },
  socket_bind: { origin: "tsem", words: "binds a socket", cell: ADDRESS },
  socket_accept: { origin: "tsem", words: "accepts a connection", cell: MESSAGE },
  socket_listen: {
    origin: "tsem",
    words: "listens for connections",
    cell: [
      ["sock", "sock"],
      ["backlog", "i32"],
    ],
  },
  socket_sendmsg: { origin: "tsem", words: "sends a message", cell: MESSAGE },
  task_kill: {
    origin: "tsem",
    words: "signals a process",
    cell: [
      ["target", "task"],
      ["sig", "u32"],
      ["crossNs", "u32"],
    ],
  },
  ptrace_access_check: {
    origin: "tsem",
    words: "looks into a process",
    cell: [
      ["child", "task"],
      ["mode", "u32"],
    ],
  },
  ptrace_traceme: {
    origin: "tsem",
    words: "asks to be traced",
    cell: [["source", "task"]],
  },
  capset: {
    origin: "tsem",
    words: "changes its capabilities",
    cell: [
      ["effective", "mask"],
      ["inheritable", "mask"],
      ["permitted", "mask"],
    ],
  },
  task_prctl: {
    origin: "tsem",
    words: "changes a process setting",
    cell: [
      ["option", "u32"],
      ["arg2", "u64"],
      ["arg3", "u64"],
      ["arg4", "u64"],
      ["arg5", "u64"],
    ],
  },
  kernel_load_data: {
    origin: "tsem",
    words: "loads data into the kernel",
    cell: [
      ["id", "u32"],
      ["contents", "u32"],
    ],
  },
  kernel_read_file: {
    origin: "tsem",
    words: "loads a file into the kernel",
    cell: [
      ["file", "file"],
      ["id", "u32"],
      ["contents", "u32"],
    ],
  },
  sb_mount: {
    origin: "tsem",
    words: "mounts a filesystem",
    cell: [
      ["devName", "text?"],
      ["path", "path"],
      ["type", "text?"],
      ["flags", "u64"],
    ],
  },
  sb_umount: {
    origin: "tsem",
    words: "unmounts a filesystem",
    cell: [
      ["dentry", "dentry", "mnt"],
      ["flags", "u32"],
    ],
  },
  sb_pivotroot: {
    origin: "tsem",
    words: "changes the root filesystem",
    cell: [
      ["from", "path", "old_path"],
      ["to", "path", "new_path"],
    ],
  },
  move_mount: {
    origin: "tsem",
    words: "moves a mount",
    cell: [
      ["from", "path", "from_path"],
      ["to", "path", "to_path"],
    ],
  },
  syslog: { origin: "tsem", words: "uses the kernel log", cell: [["type", "u32"]] },
  settime: {
    origin: "tsem",
    words: "sets the clock",
    cell: [
      ["seconds", "u64?", "ts.seconds"],
      ["nsecs", "u64?", "ts.nsecs"],
      ["minuteswest", "i32?", "tz.minuteswest"],
      ["dsttime", "i32?", "tz.dsttime"],
    ],
  },
  bpf: {
    origin: "tsem",
    words: "uses bpf",
    cell: [
      ["cmd", "u32"],
      ["size", "u32?", "attr.size"],
    ],
  },
  bprm_committed_creds: {
    origin: "tsem",
    words: "becomes the program",
    cell: [["file", "file"]],
  },
  file_mprotect: {
    origin: "galgo",
    words: "changes the protection of memory",
    cell: [
      ["file", "file?"],
      ["prot", "u32"],
    ],
  },
  path_chroot: { origin: "galgo", words: "changes its root directory", cell: [["path", "path"]] },
  task_fix_setuid: { origin: "galgo", words: "changes its user ids", cell: IDS },
  task_fix_setgid: { origin: "galgo", words: "changes its group ids", cell: IDS },
  task_fix_setgroups: { origin: "galgo", words: "changes its supplementary groups", cell: IDS },
  syscall: {
    origin: "galgo",
    words: "calls the system",
    cell: [
      ["args", "u64s"],
      ["text", "text?"],
    ],
  },
};

/** Every hook of the vocabulary. */
export const HOOKS: { readonly [H in HookName]: HookInfo } = table();

/** Names of all hooks, in the order of the vocabulary. */
export const HOOK_NAMES: readonly HookName[] = Object.keys(HOOKS) as HookName[];

function table(): { readonly [H in HookName]: HookInfo } {
  const entries = Object.entries(SPECS).map(([name, spec]) => [
    name,
    { name, origin: spec.origin, words: spec.words, cell: spec.cell.map(fieldOf) },
  ]);
  return Object.fromEntries(entries);
}

/** True when `name` is a hook of the vocabulary. */
export function isHookName(name: string): name is HookName {
  return Object.hasOwn(HOOKS, name);
}
