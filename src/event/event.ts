// SPDX-License-Identifier: Apache-2.0
// The security event: one hook call, COE + CELL + identity of the running program and of its parent.
import type * as F from "./cell/file.ts";
import type * as S from "./cell/socket.ts";
import type * as T from "./cell/task.ts";
import type { Coe } from "./coe.ts";

/** CELL by hook. TSEM's names and members; the last group is Galgo's own (hooks.ts says which is which). */
export interface CellByHook {
  file_open: F.FileCell;
  file_ioctl: F.FileCommandCell;
  mmap_file: F.MmapCell;
  inode_create: F.InodeCreateCell;
  inode_mkdir: F.InodeCreateCell;
  inode_unlink: F.InodeRemoveCell;
  inode_rmdir: F.InodeRemoveCell;
  inode_link: F.InodeLinkCell;
  inode_symlink: F.InodeSymlinkCell;
  inode_mknod: F.InodeMknodCell;
  inode_rename: F.InodeRenameCell;
  inode_setattr: F.InodeSetattrCell;
  inode_setxattr: F.XattrSetCell;
  inode_removexattr: F.XattrNameCell;
  socket_create: S.SocketCreateCell;
  socket_socketpair: S.SocketPairCell;
  socket_connect: S.SocketAddressCell;
  socket_bind: S.SocketAddressCell;
  socket_accept: S.SocketMessageCell;
  socket_listen: S.SocketListenCell;
  socket_sendmsg: S.SocketMessageCell;
  task_kill: T.TaskKillCell;
  ptrace_access_check: T.PtraceAccessCell;
  ptrace_traceme: T.PtraceTracemeCell;
  capset: T.CapsetCell;
  task_prctl: T.TaskPrctlCell;
  kernel_load_data: T.KernelLoadDataCell;
  kernel_read_file: T.KernelReadFileCell;
  sb_mount: T.SbMountCell;
  sb_umount: T.SbUmountCell;
  sb_pivotroot: T.TwoPathsCell;
  move_mount: T.TwoPathsCell;
  syslog: T.SyslogCell;
  settime: T.SettimeCell;
  bpf: T.BpfCell;
  /** Only the source of TASK_IDs; never a point of a model. */
  bprm_committed_creds: F.FileCell;
  file_mprotect: F.MprotectCell;
  path_chroot: T.PathCell;
  task_fix_setuid: T.TaskFixIdsCell;
  task_fix_setgid: T.TaskFixIdsCell;
  task_fix_setgroups: T.TaskFixIdsCell;
  /** A system call without a hook; its name is in `SecurityEvent.syscall`. */
  syscall: T.SyscallCell;
}

export type HookName = keyof CellByHook;

/** TASK_ID and PTASK_ID, hex. Objects are shared between events: compare members, never mutate. */
export interface TaskIdentity {
  readonly taskId: string;
  readonly pTaskId: string;
}

interface EventBase {
  /** Thread id in the sensor's pid namespace; 0 when unknown. */
  readonly pid: number;
  /** Thread group of `pid`; absent when the sensor does not know it. */
  readonly tgid?: number;
  /** comm; untrusted text. */
  readonly process: string;
  readonly task: TaskIdentity;
  readonly coe: Coe;
  /** Nanoseconds since boot; 0n when the sensor has no clock for it. Informational, never hashed. */
  readonly ts: bigint;
}

export type EventOf<H extends HookName> = H extends "syscall"
  ? EventBase & {
      readonly hook: "syscall";
      readonly syscall: string;
      readonly cell: CellByHook["syscall"];
    }
  : EventBase & { readonly hook: H; readonly cell: CellByHook[H] };

/** One LSM hook call (or what a sensor translated into one), discriminated by `hook`. */
export type SecurityEvent = { [H in HookName]: EventOf<H> }[HookName];
