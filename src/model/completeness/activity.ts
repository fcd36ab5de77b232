// SPDX-License-Identifier: Apache-2.0
// What kind of thing a behaviour is, as far as that tells whether a workload did its work or was only started.
import type { EventOf, HookName, SecurityEvent } from "../../event/event.ts";
import type { ActivityKind } from "./completeness-types.ts";
import { isProgramUse, opensForWriting } from "../rules/file-use.ts";

/** f_flags of an open that makes or empties a file. */
const O_CREAT = 0o100;
const O_TRUNC = 0o1000;
const O_TMPFILE = 0o20000000;
/** f_flags of an open that only refers to a file. */
const O_PATH = 0o10000000;

/** The loader is opened as a program, beside the program that it loads. */
const LOADER = /\/ld(?:-[^/]*)?\.so(?:\.\d+)?$|\/ld-musl-[^/]*$/;
/** Who the C library asks for names of users and hosts. */
const NAME_SERVICE = /^(?:\/var)?\/run\/nscd\/socket$/;

/**
 * Files that a program reads because it is started, whatever it does then: libraries and data of the system, what the loader, the C library and
 * common runtimes ask the machine for. /etc is not among them, but for what every start reads there.
 */
const STARTUP: readonly RegExp[] = [
  /^\/(?:usr\/(?:local\/)?)?(?:lib|lib32|lib64|libx32|libexec)(?:\/|$)/,
  /^\/usr\/(?:local\/)?share(?:\/|$)/,
  /^\/(?:usr\/(?:local\/)?)?s?bin\//,
  /^\/etc\/(?:ld\.so\.|ssl\/openssl\.cnf$|ssl\/certs\/ca-certificates\.crt$|locale\.alias$|malloc\.conf$|inputrc$|terminfo\/)/,
  /^\/(?:proc|sys)(?:\/|$)/,
  /^\/dev\/(?:null|zero|full|random|urandom|tty)$/,
];

const BY_HOOK: { readonly [H in HookName]?: ActivityKind } = {
  mmap_file: "startup",
  file_mprotect: "startup",
  file_receive: "ipc",
  inode_create: "creates",
  inode_mkdir: "creates",
  inode_link: "creates",
  inode_symlink: "creates",
  inode_mknod: "creates",
  inode_unlink: "removes",
  inode_rmdir: "removes",
  inode_rename: "removes",
  inode_setattr: "attributes",
  inode_setxattr: "attributes",
  inode_removexattr: "attributes",
  inode_killpriv: "attributes",
  socket_bind: "binds",
  socket_listen: "listens",
  socket_accept: "accepts",
  socket_connect: "connects",
  unix_stream_connect: "connects",
  socket_sendmsg: "messages",
  socket_recvmsg: "messages",
  unix_may_send: "messages",
  netlink_send: "messages",
  msg_queue_msgsnd: "ipc",
  msg_queue_msgrcv: "ipc",
  sem_semop: "ipc",
  shm_shmat: "ipc",
  task_kill: "signals",
  task_fix_setuid: "privileges",
  task_fix_setgid: "privileges",
  task_fix_setgroups: "privileges",
  capset: "privileges",
  path_chroot: "privileges",
  sb_mount: "kernel",
  sb_umount: "kernel",
  sb_remount: "kernel",
  sb_pivotroot: "kernel",
  move_mount: "kernel",
  kernel_load_data: "kernel",
  kernel_read_file: "kernel",
  bpf: "kernel",
  bpf_prog: "kernel",
  bpf_map: "kernel",
  settime: "kernel",
  tun_dev_create: "kernel",
};

/** The kind of a behaviour; undefined for those that say nothing of work done (questions, limits, descriptors, memory). */
export function activityOf(e: SecurityEvent): ActivityKind | undefined {
  if (e.hook === "file_open") return openKind(e);
  if (e.hook !== "socket_connect") return BY_HOOK[e.hook];
  const { addr } = e.cell;
  return addr.family === "unix" && NAME_SERVICE.test(addr.address) ? "startup" : "connects";
}

function openKind({ hook, cell: { file } }: EventOf<"file_open">): ActivityKind {
  const { flags, path } = file;
  const { pathname } = path;
  if (isProgramUse(hook, flags)) return LOADER.test(pathname) ? "startup" : "programs";
  const startup = STARTUP.some((pattern) => pattern.test(pathname));
  if ((flags & O_PATH) !== 0) return "startup";
  if ((flags & O_TMPFILE) === O_TMPFILE) return "creates";
  if (opensForWriting(flags) || (flags & (O_CREAT | O_TRUNC)) !== 0)
    return pathname.startsWith("/dev/") && startup ? "startup" : "writes";
  return startup ? "startup" : "reads";
}
