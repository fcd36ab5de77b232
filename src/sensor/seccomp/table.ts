// SPDX-License-Identifier: Apache-2.0
// The table of the seccomp sensor: system call -> hook -> handler and where its arguments are. The kernel filter,
// the dispatcher and the declared fidelity are made from it. Frequent calls first: the filter tests in this order.
// docs/fidelity.md says what is left out, and why.
import type { SyscallRule } from "./rule.ts";

const PROT_EXEC = 4;
const O_PATH = 0x200000;
const CLONE_VM = 0x100;
const CLONE_PARENT = 0x8000;
const CLONE_THREAD = 0x10000;
/** CLONE_NEW* as clone takes them: its low byte is the exit signal. */
const CLONE_NEW = 0x7e020000;
/** CLONE_NEW* as unshare takes them, and CLONE_FS. */
const UNSHARE_FLAGS = 0x7e020280;
const SHM_EXEC = 0o100000;

/** prctl options with a meaning for security (uapi/linux/prctl.h). */
const PRCTL_OPTIONS = [
  4, // SET_DUMPABLE
  8, // SET_KEEPCAPS
  24, // CAPBSET_DROP
  28, // SET_SECUREBITS
  35, // SET_MM
  36, // SET_CHILD_SUBREAPER: orphans get another parent
  47, // CAP_AMBIENT
  0x59616d61, // SET_PTRACER
] as const;

/** ioctl requests that give control over others (uapi/asm-generic/ioctls.h, sockios.h, if_tun.h, fs.h). */
const IOCTL_REQUESTS = [
  0x5412, // TIOCSTI: types into the terminal
  0x541c, // TIOCLINUX: pastes the selection
  0x400454ca, // TUNSETIFF
  0x541d, // TIOCCONS: takes the console's output
  0x5423, // TIOCSETD: another line discipline
  0x40086602, // FS_IOC_SETFLAGS: immutable, append-only
  0x401c5820, // FS_IOC_FSSETXATTR: the same in its newer form
  0xc0045877, // FIFREEZE: whoever writes to the filesystem waits
  0xc030586b, // XFS_IOC_OPEN_BY_HANDLE: an open without a name
  0x50009401, // BTRFS_IOC_SNAP_CREATE, SUBVOL_CREATE, SNAP_DESTROY and their second versions: names made and removed
  0x5000940e,
  0x5000940f,
  0x50009417,
  0x50009418,
  0x5000943f,
  0x8901, // FIOSETOWN, SIOCSPGRP: who gets the signals of a socket
  0x8902,
  0x890b, // SIOCADDRT, SIOCDELRT: routes
  0x890c,
  0x8914, // SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK, SIOCSIFHWADDR: interfaces
  0x8916,
  0x891c,
  0x8924,
] as const;

/** ptrace requests that begin to trace: TRACEME, ATTACH, SEIZE. */
const PTRACE_REQUESTS = [0, 16, 0x4206] as const;
/** fcntl commands F_SETOWN, F_SETSIG, F_SETOWN_EX: a signal of choice for a process of choice. */
const FCNTL_COMMANDS = [8, 10, 15] as const;
const RLIMIT_CORE = 4;

/** Calls that change how another process (argument 0, not 0) is scheduled or where its memory is. */
const OTHERS_SCHEDULE = [
  "sched_setaffinity",
  "sched_setscheduler",
  "sched_setparam",
  "sched_setattr",
  "migrate_pages",
  "move_pages",
] as const;

export const TABLE: readonly SyscallRule[] = [
  // opens and programs
  {
    syscall: "openat",
    hook: "file_open",
    handler: "open",
    at: { dirfd: 0, path: 1, flags: 2, mode: 3 },
    when: [{ arg: 2, noBit: O_PATH }],
  },
  {
    syscall: "open",
    hook: "file_open",
    handler: "open",
    at: { path: 0, flags: 1, mode: 2 },
    when: [{ arg: 1, noBit: O_PATH }],
  },
  {
    syscall: "openat2",
    hook: "file_open",
    handler: "open",
    variant: "how",
    at: { dirfd: 0, path: 1, flags: 2, size: 3 },
  },
  {
    syscall: "creat",
    hook: "file_open",
    handler: "open",
    variant: "creat",
    at: { path: 0, mode: 1 },
  },
  { syscall: "execve", hook: "file_open", handler: "exec", at: { path: 0 } },
  { syscall: "execveat", hook: "file_open", handler: "exec", at: { dirfd: 0, path: 1, flags: 4 } },
  {
    syscall: "mmap",
    hook: "mmap_file",
    handler: "mmap",
    at: { fd: 4 },
    when: [{ arg: 2, anyBit: PROT_EXEC }],
  },
  {
    syscall: "mprotect",
    hook: "file_mprotect",
    handler: "mprotect",
    at: {},
    when: [{ arg: 2, anyBit: PROT_EXEC }],
  },
  {
    syscall: "pkey_mprotect",
    hook: "file_mprotect",
    handler: "mprotect",
    at: {},
    when: [{ arg: 2, anyBit: PROT_EXEC }],
  },
  { syscall: "open_by_handle_at", hook: "syscall", handler: "plain", at: {}, args: [2] },
  // processes: the sensor's own books
  {
    syscall: "clone",
    hook: "syscall",
    handler: "clone",
    at: {},
    args: [0],
    when: [{ arg: 0, anyBit: CLONE_NEW, orBit: CLONE_VM | CLONE_PARENT, unlessBit: CLONE_THREAD }],
  },
  // names
  {
    syscall: "unlinkat",
    hook: "inode_unlink",
    handler: "remove",
    at: { dirfd: 0, path: 1, flags: 2 },
  },
  { syscall: "unlink", hook: "inode_unlink", handler: "remove", at: { path: 0 } },
  { syscall: "rmdir", hook: "inode_rmdir", handler: "remove", variant: "rmdir", at: { path: 0 } },
  { syscall: "rename", hook: "inode_rename", handler: "rename", at: { path: 0, path2: 1 } },
  {
    syscall: "renameat",
    hook: "inode_rename",
    handler: "rename",
    at: { dirfd: 0, path: 1, dirfd2: 2, path2: 3 },
  },
  {
    syscall: "renameat2",
    hook: "inode_rename",
    handler: "rename",
    at: { dirfd: 0, path: 1, dirfd2: 2, path2: 3, flags: 4 },
  },
  { syscall: "link", hook: "inode_link", handler: "link", at: { path: 0, path2: 1 } },
  {
    syscall: "linkat",
    hook: "inode_link",
    handler: "link",
    at: { dirfd: 0, path: 1, dirfd2: 2, path2: 3, flags: 4 },
  },
  { syscall: "symlink", hook: "inode_symlink", handler: "symlink", at: { path2: 0, path: 1 } },
  {
    syscall: "symlinkat",
    hook: "inode_symlink",
    handler: "symlink",
    at: { path2: 0, dirfd: 1, path: 2 },
  },
  { syscall: "mkdir", hook: "inode_mkdir", handler: "mkdir", at: { path: 0, mode: 1 } },
  { syscall: "mkdirat", hook: "inode_mkdir", handler: "mkdir", at: { dirfd: 0, path: 1, mode: 2 } },
  { syscall: "mknod", hook: "inode_mknod", handler: "mknod", at: { path: 0, mode: 1, value: 2 } },
  {
    syscall: "mknodat",
    hook: "inode_mknod",
    handler: "mknod",
    at: { dirfd: 0, path: 1, mode: 2, value: 3 },
  },
  // attributes
  { syscall: "chmod", hook: "inode_setattr", handler: "chmod", at: { path: 0, mode: 1 } },
  { syscall: "fchmod", hook: "inode_setattr", handler: "chmod", at: { fd: 0, mode: 1 } },
  {
    syscall: "fchmodat",
    hook: "inode_setattr",
    handler: "chmod",
    at: { dirfd: 0, path: 1, mode: 2 },
  },
  {
    syscall: "fchmodat2",
    hook: "inode_setattr",
    handler: "chmod",
    at: { dirfd: 0, path: 1, mode: 2, flags: 3 },
  },
  { syscall: "chown", hook: "inode_setattr", handler: "chown", at: { path: 0, value: 1, id: 2 } },
  { syscall: "fchown", hook: "inode_setattr", handler: "chown", at: { fd: 0, value: 1, id: 2 } },
  {
    syscall: "lchown",
    hook: "inode_setattr",
    handler: "chown",
    variant: "nofollow",
    at: { path: 0, value: 1, id: 2 },
  },
  {
    syscall: "fchownat",
    hook: "inode_setattr",
    handler: "chown",
    at: { dirfd: 0, path: 1, value: 2, id: 3, flags: 4 },
  },
  { syscall: "truncate", hook: "inode_setattr", handler: "truncate", at: { path: 0, size: 1 } },
  { syscall: "ftruncate", hook: "inode_setattr", handler: "truncate", at: { fd: 0, size: 1 } },
  {
    syscall: "setxattr",
    hook: "inode_setxattr",
    handler: "setxattr",
    at: { path: 0, name: 1, value: 2, size: 3, mode: 4 },
  },
  {
    syscall: "lsetxattr",
    hook: "inode_setxattr",
    handler: "setxattr",
    variant: "nofollow",
    at: { path: 0, name: 1, value: 2, size: 3, mode: 4 },
  },
  {
    syscall: "fsetxattr",
    hook: "inode_setxattr",
    handler: "setxattr",
    at: { fd: 0, name: 1, value: 2, size: 3, mode: 4 },
  },
  {
    syscall: "removexattr",
    hook: "inode_removexattr",
    handler: "removexattr",
    at: { path: 0, name: 1 },
  },
  {
    syscall: "lremovexattr",
    hook: "inode_removexattr",
    handler: "removexattr",
    variant: "nofollow",
    at: { path: 0, name: 1 },
  },
  {
    syscall: "fremovexattr",
    hook: "inode_removexattr",
    handler: "removexattr",
    at: { fd: 0, name: 1 },
  },
  { syscall: "setxattrat", hook: "syscall", handler: "plain", at: { name: 3 }, args: [] },
  { syscall: "removexattrat", hook: "syscall", handler: "plain", at: { name: 3 }, args: [] },
  { syscall: "file_setattr", hook: "syscall", handler: "plain", at: { name: 1 }, args: [] },
  // sockets
  { syscall: "sendmsg", hook: "socket_sendmsg", handler: "sendmsg", at: { fd: 0 } },
  {
    syscall: "sendto",
    hook: "socket_sendmsg",
    handler: "sendto",
    at: { fd: 0, address: 4, size: 5 },
    when: [{ arg: 4, pointer: "not-null" }],
  },
  {
    syscall: "sendmmsg",
    hook: "socket_sendmsg",
    handler: "sendmsg",
    variant: "many",
    at: { fd: 0 },
  },
  {
    syscall: "connect",
    hook: "socket_connect",
    handler: "connect",
    at: { fd: 0, address: 1, size: 2 },
  },
  { syscall: "accept4", hook: "socket_accept", handler: "accept", at: { fd: 0 } },
  { syscall: "accept", hook: "socket_accept", handler: "accept", at: { fd: 0 } },
  { syscall: "socket", hook: "socket_create", handler: "socketCreate", at: {} },
  { syscall: "socketpair", hook: "socket_socketpair", handler: "socketPair", at: {} },
  { syscall: "bind", hook: "socket_bind", handler: "bind", at: { fd: 0, address: 1, size: 2 } },
  { syscall: "listen", hook: "socket_listen", handler: "listen", at: { fd: 0 } },
  // signals and other tasks
  { syscall: "kill", hook: "task_kill", handler: "kill", at: { id: 0, value: 1 } },
  { syscall: "tgkill", hook: "task_kill", handler: "kill", at: { id: 1, value: 2 } },
  { syscall: "tkill", hook: "task_kill", handler: "kill", at: { id: 0, value: 1 } },
  { syscall: "rt_sigqueueinfo", hook: "task_kill", handler: "kill", at: { id: 0, value: 1 } },
  { syscall: "rt_tgsigqueueinfo", hook: "task_kill", handler: "kill", at: { id: 1, value: 2 } },
  {
    syscall: "pidfd_send_signal",
    hook: "task_kill",
    handler: "kill",
    variant: "pidfd",
    at: { fd: 0, value: 1 },
  },
  {
    syscall: "ptrace",
    hook: "ptrace_access_check",
    handler: "ptrace",
    at: {},
    when: [{ arg: 0, oneOf: PTRACE_REQUESTS }],
  },
  {
    syscall: "process_vm_readv",
    hook: "ptrace_access_check",
    handler: "accessTask",
    variant: "read",
    at: { id: 0 },
  },
  {
    syscall: "process_vm_writev",
    hook: "ptrace_access_check",
    handler: "accessTask",
    at: { id: 0 },
  },
  {
    syscall: "pidfd_getfd",
    hook: "ptrace_access_check",
    handler: "accessTask",
    variant: "pidfd",
    at: { fd: 0 },
  },
  {
    syscall: "process_madvise",
    hook: "ptrace_access_check",
    handler: "accessTask",
    variant: "pidfd",
    at: { fd: 0 },
  },
  {
    syscall: "kcmp",
    hook: "ptrace_access_check",
    handler: "accessTask",
    variant: "read",
    at: { id: 0 },
  },
  // credentials
  {
    syscall: "setuid",
    hook: "task_fix_setuid",
    handler: "setIds",
    variant: "ID",
    at: {},
    args: [0],
  },
  {
    syscall: "setreuid",
    hook: "task_fix_setuid",
    handler: "setIds",
    variant: "RE",
    at: {},
    args: [0, 1],
  },
  {
    syscall: "setresuid",
    hook: "task_fix_setuid",
    handler: "setIds",
    variant: "RES",
    at: {},
    args: [0, 1, 2],
  },
  {
    syscall: "setfsuid",
    hook: "task_fix_setuid",
    handler: "setIds",
    variant: "FS",
    at: {},
    args: [0],
  },
  {
    syscall: "setgid",
    hook: "task_fix_setgid",
    handler: "setIds",
    variant: "ID",
    at: {},
    args: [0],
  },
  {
    syscall: "setregid",
    hook: "task_fix_setgid",
    handler: "setIds",
    variant: "RE",
    at: {},
    args: [0, 1],
  },
  {
    syscall: "setresgid",
    hook: "task_fix_setgid",
    handler: "setIds",
    variant: "RES",
    at: {},
    args: [0, 1, 2],
  },
  {
    syscall: "setfsgid",
    hook: "task_fix_setgid",
    handler: "setIds",
    variant: "FS",
    at: {},
    args: [0],
  },
  { syscall: "setgroups", hook: "task_fix_setgroups", handler: "setGroups", at: {} },
  { syscall: "capset", hook: "capset", handler: "capset", at: {} },
  {
    syscall: "prctl",
    hook: "task_prctl",
    handler: "prctl",
    at: {},
    when: [{ arg: 0, oneOf: PRCTL_OPTIONS }],
  },
  // namespaces, mounts, roots
  {
    syscall: "unshare",
    hook: "syscall",
    handler: "namespaces",
    at: {},
    args: [0],
    when: [{ arg: 0, anyBit: UNSHARE_FLAGS }],
  },
  { syscall: "setns", hook: "syscall", handler: "namespaces", at: {}, args: [1] },
  { syscall: "mount", hook: "sb_mount", handler: "mount", at: {} },
  { syscall: "umount2", hook: "sb_umount", handler: "umount", at: {} },
  { syscall: "pivot_root", hook: "sb_pivotroot", handler: "twoPaths", at: { path: 0, path2: 1 } },
  {
    syscall: "move_mount",
    hook: "move_mount",
    handler: "twoPaths",
    at: { dirfd: 0, path: 1, dirfd2: 2, path2: 3 },
  },
  { syscall: "chroot", hook: "path_chroot", handler: "chroot", at: {} },
  { syscall: "open_tree", hook: "syscall", handler: "plain", at: { name: 1 }, args: [2] },
  { syscall: "open_tree_attr", hook: "syscall", handler: "plain", at: { name: 1 }, args: [2] },
  { syscall: "fsopen", hook: "syscall", handler: "plain", at: { name: 0 }, args: [1] },
  { syscall: "fspick", hook: "syscall", handler: "plain", at: { name: 1 }, args: [2] },
  { syscall: "fsconfig", hook: "syscall", handler: "plain", at: { name: 2 }, args: [1] },
  { syscall: "fsmount", hook: "syscall", handler: "plain", at: {}, args: [1, 2] },
  { syscall: "mount_setattr", hook: "syscall", handler: "plain", at: { name: 1 }, args: [2] },
  // the kernel itself
  { syscall: "io_uring_setup", hook: "syscall", handler: "plain", at: {}, args: [] },
  { syscall: "io_uring_enter", hook: "syscall", handler: "plain", at: {}, args: [] },
  { syscall: "io_uring_register", hook: "syscall", handler: "plain", at: {}, args: [1] },
  { syscall: "bpf", hook: "bpf", handler: "bpf", at: {} },
  { syscall: "perf_event_open", hook: "syscall", handler: "plain", at: {}, args: [4] },
  { syscall: "memfd_create", hook: "syscall", handler: "plain", at: { name: 0 }, args: [1] },
  { syscall: "memfd_secret", hook: "syscall", handler: "plain", at: {}, args: [0] },
  { syscall: "userfaultfd", hook: "syscall", handler: "plain", at: {}, args: [0] },
  { syscall: "init_module", hook: "kernel_load_data", handler: "loadData", at: {} },
  { syscall: "finit_module", hook: "kernel_read_file", handler: "readFile", at: { fd: 0 } },
  { syscall: "delete_module", hook: "syscall", handler: "plain", at: { name: 0 }, args: [1] },
  { syscall: "kexec_load", hook: "syscall", handler: "plain", at: {}, args: [3] },
  { syscall: "kexec_file_load", hook: "syscall", handler: "plain", at: {}, args: [4] },
  { syscall: "add_key", hook: "syscall", handler: "plain", at: { name: 0 }, args: [] },
  { syscall: "request_key", hook: "syscall", handler: "plain", at: { name: 0 }, args: [] },
  { syscall: "keyctl", hook: "syscall", handler: "plain", at: {}, args: [0] },
  { syscall: "syslog", hook: "syslog", handler: "syslog", at: {} },
  { syscall: "clock_settime", hook: "settime", handler: "settime", at: {} },
  { syscall: "settimeofday", hook: "settime", handler: "settime", at: {} },
  { syscall: "adjtimex", hook: "syscall", handler: "plain", at: {}, args: [] },
  { syscall: "clock_adjtime", hook: "syscall", handler: "plain", at: {}, args: [0] },
  { syscall: "quotactl", hook: "syscall", handler: "plain", at: { name: 1 }, args: [0] },
  { syscall: "quotactl_fd", hook: "syscall", handler: "plain", at: {}, args: [1] },
  { syscall: "swapon", hook: "syscall", handler: "plain", at: { name: 0 }, args: [1] },
  { syscall: "swapoff", hook: "syscall", handler: "plain", at: { name: 0 }, args: [] },
  { syscall: "reboot", hook: "syscall", handler: "plain", at: {}, args: [2] },
  { syscall: "acct", hook: "syscall", handler: "plain", at: { name: 0 }, args: [] },
  { syscall: "sethostname", hook: "syscall", handler: "plain", at: {}, args: [] },
  { syscall: "setdomainname", hook: "syscall", handler: "plain", at: {}, args: [] },
  { syscall: "iopl", hook: "syscall", handler: "plain", at: {}, args: [0] },
  { syscall: "ioperm", hook: "syscall", handler: "plain", at: {}, args: [0, 1] },
  { syscall: "modify_ldt", hook: "syscall", handler: "plain", at: {}, args: [0] },
  { syscall: "vhangup", hook: "syscall", handler: "plain", at: {}, args: [] },
  { syscall: "uselib", hook: "syscall", handler: "plain", at: { name: 0 }, args: [] },
  { syscall: "lookup_dcookie", hook: "syscall", handler: "plain", at: {}, args: [] },
  { syscall: "process_mrelease", hook: "syscall", handler: "plain", at: {}, args: [] },
  { syscall: "fanotify_init", hook: "syscall", handler: "plain", at: {}, args: [0, 1] },
  // READ_IMPLIES_EXEC would make every later mapping executable without being asked
  {
    syscall: "personality",
    hook: "syscall",
    handler: "plain",
    at: {},
    args: [0],
    when: [{ arg: 0, anyBit: 0x0400000 }],
  },
  {
    syscall: "ioctl",
    hook: "file_ioctl",
    handler: "ioctl",
    at: { fd: 0 },
    when: [{ arg: 1, oneOf: IOCTL_REQUESTS }],
  },
  // System V and POSIX IPC: what is asked for; the kernel's object is not visible from outside
  // limits, priorities and signals of others (handlers/supervised.ts)
  {
    syscall: "fcntl",
    hook: "syscall",
    handler: "signalOwner",
    at: { fd: 0 },
    when: [{ arg: 1, oneOf: FCNTL_COMMANDS }],
  },
  {
    syscall: "prlimit64",
    hook: "syscall",
    handler: "prlimit",
    at: {},
    when: [{ arg: 2, pointer: "not-null" }],
  },
  {
    syscall: "setrlimit",
    hook: "syscall",
    handler: "plain",
    at: {},
    args: [0],
    when: [{ arg: 0, oneOf: [RLIMIT_CORE] }],
  },
  ...OTHERS_SCHEDULE.map(
    (syscall): SyscallRule => ({
      syscall,
      hook: "syscall",
      handler: "schedule",
      at: {},
      when: [{ arg: 0, pointer: "not-null" }],
    }),
  ),
  { syscall: "setpriority", hook: "syscall", handler: "priority", at: {} },
  { syscall: "ioprio_set", hook: "syscall", handler: "priority", at: {} },
  { syscall: "lsm_set_self_attr", hook: "syscall", handler: "plain", at: {}, args: [0] },
  { syscall: "landlock_restrict_self", hook: "syscall", handler: "restrictSelf", at: {} },
  { syscall: "shmget", hook: "syscall", handler: "plain", at: {}, args: [2] },
  { syscall: "shmctl", hook: "syscall", handler: "plain", at: {}, args: [1] },
  {
    syscall: "shmat",
    hook: "syscall",
    handler: "plain",
    at: {},
    args: [2],
    when: [{ arg: 2, anyBit: SHM_EXEC }],
  },
  { syscall: "semget", hook: "syscall", handler: "plain", at: {}, args: [2] },
  { syscall: "semctl", hook: "syscall", handler: "plain", at: {}, args: [2] },
  { syscall: "msgget", hook: "syscall", handler: "plain", at: {}, args: [1] },
  { syscall: "msgctl", hook: "syscall", handler: "plain", at: {}, args: [1] },
  { syscall: "mq_open", hook: "syscall", handler: "plain", at: { name: 0 }, args: [1] },
  { syscall: "mq_unlink", hook: "syscall", handler: "plain", at: { name: 0 }, args: [] },
];

/** Refused with ENOSYS by the filter itself: clone3 takes its flags from memory that others may rewrite; the C libraries fall back to clone. */
export const REFUSED_CALLS = ["clone3"] as const;
