// SPDX-License-Identifier: Apache-2.0
// One line in plain words for every event: what the task does. Untrusted text is quoted.
import { quote } from "../base/quote.ts";
import { addressWords, socketWords } from "./address-words.ts";
import type { EventOf, HookName, SecurityEvent } from "./event.ts";
import {
  attributeWords,
  dentryWords,
  mapWords,
  modeWords,
  openWords,
  pathWords,
  protectWords,
  specialWords,
} from "./file-words.ts";
import { IOCTLS, KERNEL_DATA, nameOf } from "./names-table.ts";
import {
  bpfWords,
  capsetWords,
  idsWords,
  killWords,
  mountWords,
  type ProgramNames,
  prctlWords,
  settimeWords,
  syscallWords,
  syslogWords,
  traceWords,
} from "./task-words.ts";

type Words = { readonly [H in HookName]: (e: EventOf<H>, names: ProgramNames) => string };

const WORDS: Words = {
  file_open: (e) => openWords(e.cell.file),
  file_ioctl: ({ cell }) =>
    `controls ${pathWords(cell.file.path)} (${nameOf(IOCTLS, cell.cmd, 16)})`,
  mmap_file: (e) => mapWords(e.cell),
  inode_create: ({ cell }) => `creates ${dentryWords(cell.dentry)} (mode ${modeWords(cell.mode)})`,
  inode_mkdir: (e) => `makes directory ${dentryWords(e.cell.dentry)}`,
  inode_unlink: (e) => `removes ${dentryWords(e.cell.dentry)}`,
  inode_rmdir: (e) => `removes directory ${dentryWords(e.cell.dentry)}`,
  inode_link: ({ cell }) =>
    `links ${dentryWords(cell.oldDentry)} as ${dentryWords(cell.newDentry)}`,
  inode_symlink: ({ cell }) =>
    `makes symbolic link ${dentryWords(cell.dentry)} to ${quote(cell.oldName)}`,
  inode_mknod: (e) => specialWords(e.cell),
  inode_rename: ({ cell }) =>
    `renames ${dentryWords(cell.oldDentry)} to ${dentryWords(cell.newDentry)}`,
  inode_setattr: (e) => attributeWords(e.cell),
  inode_setxattr: ({ cell }) => `sets attribute ${quote(cell.name)} of ${dentryWords(cell.dentry)}`,
  inode_removexattr: ({ cell }) =>
    `removes attribute ${quote(cell.name)} of ${dentryWords(cell.dentry)}`,
  socket_create: (e) => `creates a socket (${socketWords(e.cell)})`,
  socket_socketpair: (e) => `creates a pair of sockets (${socketWords(e.cell.socka)})`,
  socket_connect: ({ hook, cell }) =>
    `connects to ${addressWords(hook, cell.addr)} (${socketWords(cell.sock)})`,
  socket_bind: ({ hook, cell }) =>
    `binds to ${addressWords(hook, cell.addr)} (${socketWords(cell.sock)})`,
  socket_accept: ({ hook, cell: { addr, sock } }) => {
    const where = addr === undefined ? "" : ` on ${addressWords(hook, addr)}`;
    return `accepts a connection${where} (${socketWords(sock)})`;
  },
  socket_listen: ({ cell }) =>
    `listens for connections (${socketWords(cell.sock)}, backlog ${cell.backlog})`,
  socket_sendmsg: ({ hook, cell: { addr, sock } }) => {
    const where = addr === undefined ? "sends a message" : `sends to ${addressWords(hook, addr)}`;
    return `${where} (${socketWords(sock)})`;
  },
  task_kill: (e, names) => killWords(e.cell, names),
  ptrace_access_check: (e, names) => traceWords(e.cell.child, e.cell.mode, names),
  ptrace_traceme: () => "lets its parent trace it",
  capset: (e) => capsetWords(e.cell),
  task_prctl: (e) => prctlWords(e.cell),
  kernel_load_data: (e) => `loads a ${nameOf(KERNEL_DATA, e.cell.id)} into the kernel`,
  kernel_read_file: ({ cell }) =>
    `loads ${pathWords(cell.file.path)} into the kernel as ${nameOf(KERNEL_DATA, cell.id)}`,
  sb_mount: (e) => mountWords(e.cell),
  sb_umount: (e) => `unmounts ${dentryWords(e.cell.dentry)}`,
  sb_pivotroot: ({ cell }) =>
    `makes ${pathWords(cell.to)} the root filesystem and moves the old one to ${pathWords(cell.from)}`,
  move_mount: ({ cell }) => `moves the mount at ${pathWords(cell.from)} to ${pathWords(cell.to)}`,
  syslog: (e) => syslogWords(e.cell),
  settime: (e) => settimeWords(e.cell),
  bpf: (e) => bpfWords(e.cell),
  bprm_committed_creds: (e) => `becomes the program ${pathWords(e.cell.file.path)}`,
  file_mprotect: (e) => protectWords(e.cell.file, e.cell.prot),
  path_chroot: (e) => `changes its root directory to ${pathWords(e.cell.path)}`,
  task_fix_setuid: (e) => idsWords("user ids", e.cell),
  task_fix_setgid: (e) => idsWords("group ids", e.cell),
  task_fix_setgroups: (e) => idsWords("supplementary groups", e.cell),
  syscall: (e) => syscallWords(e.syscall, e.cell),
};

const NO_NAMES: ProgramNames = () => undefined;

/**
 * What the task does, without the subject: `opens /etc/shadow for reading`, `connects to 10.0.0.1:443 (tcp)`. One line, fit for a
 * terminal whatever the event holds. `names` gives the path of a program by its TASK_ID where another process is acted on.
 */
export function describeEvent(e: SecurityEvent, names: ProgramNames = NO_NAMES): string {
  const describe = WORDS[e.hook] as (e: SecurityEvent, names: ProgramNames) => string;
  return describe(e, names);
}
