// SPDX-License-Identifier: Apache-2.0
// Made by scripts/gen-bpf-layout.ts from the type information of the kernel programs: offsets (at) and sizes (size) in bytes.
import type { HookName } from "../../event/event.ts";

/** struct galgo_config */
export const CONFIG = {
  bytes: 24,
  at: {
    key: 0,
    build: 16,
  },
  size: {
    key: 16,
    build: 8,
  },
} as const;

/** struct galgo_namespace */
export const NAMESPACE = {
  bytes: 112,
  at: {
    flags: 0,
    rules: 4,
    serial: 8,
    anchor: 12,
    anchorDev: 16,
    hooks: 24,
    hits: 40,
    misses: 48,
    held: 56,
    atomic: 64,
    refused: 72,
    unanswered: 80,
    lost: 88,
    sequence: 96,
    tasks: 104,
  },
  size: {
    flags: 4,
    rules: 4,
    serial: 4,
    anchor: 4,
    anchorDev: 4,
    hooks: 16,
    hits: 8,
    misses: 8,
    held: 8,
    atomic: 8,
    refused: 8,
    unanswered: 8,
    lost: 8,
    sequence: 8,
    tasks: 8,
  },
} as const;

/** struct galgo_entry */
export const ENTRY = {
  bytes: 24,
  at: {
    key: 0,
    word: 16,
  },
  size: {
    key: 16,
    word: 8,
  },
} as const;

/** struct galgo_bucket */
export const BUCKET = {
  bytes: 96,
  at: {
    entries: 0,
  },
  size: {
    entries: 96,
  },
} as const;

/** struct galgo_who */
export const WHO = {
  bytes: 64,
  at: {
    identity: 0,
    uid: 4,
    euid: 8,
    suid: 12,
    gid: 16,
    egid: 20,
    sgid: 24,
    fsuid: 28,
    fsgid: 32,
    capeff: 40,
    rootMount: 48,
    rootInode: 56,
  },
  size: {
    identity: 4,
    uid: 4,
    euid: 4,
    suid: 4,
    gid: 4,
    egid: 4,
    sgid: 4,
    fsuid: 4,
    fsgid: 4,
    capeff: 8,
    rootMount: 8,
    rootInode: 8,
  },
} as const;

/** struct galgo_what */
export const WHAT = {
  bytes: 8,
  at: {
    hook: 0,
    args: 1,
    objects: 2,
    text: 4,
    more: 6,
  },
  size: {
    hook: 1,
    args: 1,
    objects: 1,
    text: 2,
    more: 2,
  },
} as const;

/** struct galgo_object */
export const OBJECT = {
  bytes: 40,
  at: {
    mode: 0,
    state: 2,
    name: 4,
    levels: 6,
    uid: 8,
    gid: 12,
    parent: 16,
    parentGeneration: 24,
    epoch: 28,
    mount: 32,
  },
  size: {
    mode: 2,
    state: 2,
    name: 2,
    levels: 2,
    uid: 4,
    gid: 4,
    parent: 8,
    parentGeneration: 4,
    epoch: 4,
    mount: 8,
  },
} as const;

/** struct galgo_creation */
export const CREATION = {
  bytes: 8,
  at: {
    owner: 0,
    instance: 4,
  },
  size: {
    owner: 4,
    instance: 4,
  },
} as const;

/** struct galgo_content */
export const CONTENT = {
  bytes: 32,
  at: {
    inode: 0,
    ctime: 8,
    size: 16,
    generation: 24,
    clock: 28,
  },
  size: {
    inode: 8,
    ctime: 8,
    size: 8,
    generation: 4,
    clock: 4,
  },
} as const;

/** struct galgo_directory */
export const DIRECTORY = {
  bytes: 16,
  at: {
    uid: 0,
    gid: 4,
    mode: 8,
  },
  size: {
    uid: 4,
    gid: 4,
    mode: 2,
  },
} as const;

/** struct galgo_level */
export const LEVEL = {
  bytes: 32,
  at: {
    mount: 0,
    inode: 8,
    generation: 16,
    epoch: 20,
    names: 24,
  },
  size: {
    mount: 8,
    inode: 8,
    generation: 4,
    epoch: 4,
    names: 8,
  },
} as const;

/** struct galgo_extra */
export const EXTRA = {
  bytes: 88,
  at: {
    inode: 0,
    generation: 8,
    nlink: 12,
    rdev: 16,
    dev: 20,
    magic: 24,
    sId: 32,
    sUuid: 64,
    path: 80,
    pathFlags: 84,
  },
  size: {
    inode: 8,
    generation: 4,
    nlink: 4,
    rdev: 4,
    dev: 4,
    magic: 8,
    sId: 32,
    sUuid: 16,
    path: 4,
    pathFlags: 4,
  },
} as const;

/** struct galgo_record */
export const RECORD = {
  bytes: 1792,
  at: {
    size: 0,
    hook: 4,
    flags: 6,
    slot: 8,
    serial: 12,
    sequence: 16,
    ts: 24,
    tid: 32,
    tgid: 36,
    comm: 40,
    key: 56,
    words: 72,
    paths: 76,
    description: 80,
    extra: 1616,
  },
  size: {
    size: 4,
    hook: 2,
    flags: 2,
    slot: 4,
    serial: 4,
    sequence: 8,
    ts: 8,
    tid: 4,
    tgid: 4,
    comm: 16,
    key: 16,
    words: 4,
    paths: 4,
    description: 1536,
    extra: 176,
  },
} as const;

/** struct galgo_path */
export const PATH = {
  bytes: 4096,
  at: {
    length: 0,
    flags: 4,
    text: 8,
  },
  size: {
    length: 4,
    flags: 4,
    text: 4088,
  },
} as const;

/** struct galgo_answer */
export const ANSWER = {
  bytes: 16,
  at: {
    flags: 0,
    next: 4,
    instance: 8,
  },
  size: {
    flags: 4,
    next: 4,
    instance: 4,
  },
} as const;

/** struct galgo_mark */
export const MARK = {
  bytes: 32,
  at: {
    cgroup: 0,
    tgid: 8,
    slot: 12,
    serial: 16,
    identity: 20,
    marked: 24,
    failed: 28,
  },
  size: {
    cgroup: 8,
    tgid: 4,
    slot: 4,
    serial: 4,
    identity: 4,
    marked: 4,
    failed: 4,
  },
} as const;

/** struct galgo_key_request */
export const KEY_REQUEST = {
  bytes: 280,
  at: {
    words: 0,
    key: 8,
    description: 24,
  },
  size: {
    words: 8,
    key: 16,
    description: 256,
  },
} as const;

/** struct galgo_task */
export const TASK = {
  bytes: 3776,
  at: {
    slot: 0,
    serial: 4,
    identity: 8,
    untrusted: 16,
    protect: 18,
  },
  size: {
    slot: 4,
    serial: 4,
    identity: 4,
    untrusted: 1,
    protect: 1,
  },
} as const;

/** enum galgo_limits */
export const Limit = {
  slots: 64,
  bucket: 4,
  words: 192,
  turn: 2,
  name: 256,
  path: 4096,
  depth: 96,
  mounts: 8,
  sbMounts: 64,
  ipc: 65536,
  keyWords: 32,
  epochs: 1024,
  ringBytes: 1048576,
  ringReserve: 262144,
  countBits: 40,
} as const;

/** enum galgo_namespace_flags */
export const NamespaceFlag = {
  active: 1,
  sealed: 2,
  enforcing: 4,
  dying: 8,
} as const;

/** enum galgo_rules */
export const RuleFlag = {
  createdClass: 1,
  ephemeralPort: 2,
  procSelf: 4,
  truncateSize: 8,
  digestPolicy: 16,
  pipeNumber: 32,
} as const;

/** enum galgo_identity */
export const IdentityNumber = {
  forked: 1,
  max: 16777215,
} as const;

/** enum galgo_object_state */
export const ObjectState = {
  absent: 1,
  content: 2,
  negative: 4,
  unlinked: 8,
  writers: 16,
  walked: 32,
  class: 64,
  dir: 128,
  temporary: 256,
  changing: 512,
  created: 1024,
  mountless: 2048,
} as const;

/** enum galgo_record_flags */
export const RecordFlag = {
  held: 1,
  atomic: 2,
  refused: 4,
  untrusted: 8,
  never: 16,
  truncated: 32,
  setup: 64,
} as const;

/** enum galgo_path_flags */
export const PathFlag = {
  unreachable: 1,
  truncated: 2,
  unlinked: 4,
  changing: 8,
} as const;

/** enum galgo_answer_flags */
export const AnswerFlag = {
  allow: 1,
  untrusted: 2,
} as const;

/** enum galgo_target_flags */
export const TargetFlag = {
  outside: 1,
  protected: 2,
} as const;

/** enum galgo_present */
export const Present = {
  first: 1,
  second: 2,
} as const;

/** By number, as it stands in records and descriptions. */
export const KERNEL_HOOKS: readonly HookName[] = [
  "file_open",
  "file_receive",
  "file_ioctl",
  "file_ioctl_compat",
  "file_lock",
  "file_fcntl",
  "mmap_file",
  "file_mprotect",
  "bprm_committed_creds",
  "kernel_read_file",
  "inode_create",
  "inode_mkdir",
  "inode_mknod",
  "inode_symlink",
  "inode_link",
  "inode_unlink",
  "inode_rmdir",
  "inode_rename",
  "inode_setattr",
  "inode_getattr",
  "inode_setxattr",
  "inode_getxattr",
  "inode_listxattr",
  "inode_removexattr",
  "inode_killpriv",
  "socket_create",
  "socket_socketpair",
  "socket_connect",
  "socket_bind",
  "socket_accept",
  "socket_listen",
  "socket_sendmsg",
  "socket_recvmsg",
  "socket_getsockname",
  "socket_getpeername",
  "socket_setsockopt",
  "socket_shutdown",
  "unix_stream_connect",
  "unix_may_send",
  "task_kill",
  "task_setpgid",
  "task_getpgid",
  "task_getsid",
  "task_setnice",
  "task_setioprio",
  "task_getioprio",
  "task_prlimit",
  "task_setrlimit",
  "task_setscheduler",
  "task_getscheduler",
  "task_prctl",
  "ptrace_access_check",
  "ptrace_traceme",
  "capable",
  "capget",
  "capset",
  "task_fix_setuid",
  "task_fix_setgid",
  "task_fix_setgroups",
  "path_chroot",
  "ipc_permission",
  "shm_associate",
  "shm_shmctl",
  "shm_shmat",
  "sem_associate",
  "sem_semctl",
  "sem_semop",
  "msg_queue_associate",
  "msg_queue_msgctl",
  "msg_queue_msgsnd",
  "msg_queue_msgrcv",
  "key_alloc",
  "key_permission",
  "netlink_send",
  "sb_mount",
  "sb_umount",
  "sb_remount",
  "sb_pivotroot",
  "sb_statfs",
  "move_mount",
  "quotactl",
  "quota_on",
  "kernel_module_request",
  "kernel_load_data",
  "syslog",
  "settime",
  "bpf",
  "bpf_map",
  "bpf_prog",
  "tun_dev_create",
  "tun_dev_attach_queue",
  "tun_dev_attach",
  "tun_dev_open",
];

/** Those whose programs can not wait for an answer. */
export const ATOMIC_HOOKS: readonly HookName[] = [
  "capable",
  "capget",
  "file_fcntl",
  "file_ioctl_compat",
  "file_mprotect",
  "inode_killpriv",
  "inode_listxattr",
  "inode_removexattr",
  "ipc_permission",
  "kernel_load_data",
  "key_alloc",
  "key_permission",
  "move_mount",
  "msg_queue_associate",
  "msg_queue_msgctl",
  "msg_queue_msgrcv",
  "msg_queue_msgsnd",
  "path_chroot",
  "ptrace_access_check",
  "ptrace_traceme",
  "quota_on",
  "quotactl",
  "sb_pivotroot",
  "sem_associate",
  "sem_semctl",
  "sem_semop",
  "shm_associate",
  "shm_shmat",
  "shm_shmctl",
  "socket_setsockopt",
  "task_fix_setgid",
  "task_fix_setgroups",
  "task_fix_setuid",
  "task_getioprio",
  "task_getpgid",
  "task_getscheduler",
  "task_getsid",
  "task_kill",
  "task_prlimit",
  "task_setioprio",
  "task_setnice",
  "task_setpgid",
  "task_setrlimit",
  "tun_dev_attach",
  "tun_dev_attach_queue",
  "tun_dev_create",
  "tun_dev_open",
  "unix_may_send",
  "unix_stream_connect",
];
