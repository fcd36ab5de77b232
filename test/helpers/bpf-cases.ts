// SPDX-License-Identifier: Apache-2.0
// A record of every hook as its program writes it (bpf/hooks-*.h), and the CELL that it says.
import { createHash } from "node:crypto";
import type { HookName } from "../../src/event/index.ts";
import { taskIdOf, type TestDecoder } from "./bpf-decoder.ts";
import { areaOf, type WrittenObject, type WrittenRecord } from "./bpf-record.ts";
import { ROOT } from "./events.ts";

const SUPER = { sMagic: 0xef53, sId: "vda1", sUuid: "11111111222233334444555555555555" };
const DEV = { major: 254, minor: 1 };
const ZEROS = "0".repeat(64);
/** Number of the second program, and its TASK_ID. */
const SHELL = 4;
const SHELL_ID = taskIdOf("/bin/sh");

const inode = (mode: number): object => ({ uid: 0, gid: 0, mode, ...SUPER });
const FILE: WrittenObject = { inode: 9n, uid: 0, gid: 0, name: "f" };
const DIR: WrittenObject["directory"] = { uid: 0, gid: 0, mode: 0o40755 };
const NEW: WrittenObject = { name: "f", directory: DIR };
const AREA = [areaOf("/d/f")];
const TWO_AREAS = [areaOf("/d/f"), areaOf("/e/g")];
const PATH = { dev: DEV, pathname: "/d/f" };
const OTHER = { dev: DEV, pathname: "/e/g" };
const dentry = { inode: inode(0o100644), path: PATH };
const dir = inode(0o40755);
const EMPTY_DIGEST = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const file = (flags = 0x8000): object => ({
  flags,
  inode: inode(0o100644),
  path: PATH,
  digest: EMPTY_DIGEST,
});

const pair = (low: number, high: number): bigint => BigInt(low) | (BigInt(high) << 32n);
const SOCK = [2n | (1n << 16n) | (6n << 32n), SHELL] as const;
const sock = { family: 2, type: 1, protocol: 6, owner: SHELL_ID };
const PLAIN_SOCK = [16n | (3n << 16n), 0] as const;
const plainSock = { family: 16, type: 3, protocol: 0 };
const PERM = [pair(1, 2), pair(3, 4), pair(0o600, SHELL)] as const;
const perm = { uid: 1, gid: 2, cuid: 3, cgid: 4, mode: 0o600, owner: SHELL_ID };
const CREDS = [pair(1, 2), pair(3, 4), pair(5, 6), pair(7, 8), 9n] as const;
const creds = {
  uid: 1,
  euid: 2,
  suid: 3,
  gid: 4,
  egid: 5,
  sgid: 6,
  fsuid: 7,
  fsgid: 8,
  capeff: 9n,
};
const INET = Buffer.from([2, 0, 1, 187, 127, 0, 0, 1]);
const inet = { family: "inet", port: 47873, address: 16777343 };
const OUTSIDE = 1n << 32n;

const opened = (hook: HookName, args: readonly (number | bigint)[] = []): WrittenRecord => ({
  hook,
  args: [0x8000, ...args],
  objects: [FILE],
  areas: AREA,
});
const about = (hook: HookName, record: Partial<WrittenRecord> = {}): WrittenRecord => ({
  hook,
  objects: [FILE],
  areas: AREA,
  ...record,
});
const plain = (hook: HookName, ...args: readonly (number | bigint)[]): WrittenRecord => ({
  hook,
  args,
});

export const CASES: readonly (readonly [WrittenRecord, object])[] = [
  [opened("file_open"), { file: file() }],
  [{ ...opened("file_receive"), args: [0x20002] }, { file: file(2) }],
  [opened("file_ioctl", [0x5401]), { file: file(), cmd: 0x5401 }],
  [opened("file_ioctl_compat", [1]), { file: file(), cmd: 1 }],
  [opened("file_lock", [2]), { file: file(), cmd: 2 }],
  [opened("file_fcntl", [4]), { file: file(), cmd: 4 }],
  [opened("mmap_file", [5, 2]), { file: file(), prot: 5, flags: 5 }],
  [
    { hook: "mmap_file", args: [0, 4, 34], objects: [{ absent: true }] },
    { prot: 4, flags: 4 },
  ],
  [{ hook: "file_mprotect", args: [0, 5], objects: [{ absent: true }] }, { prot: 5 }],
  [opened("file_mprotect", [5]), { file: file(), prot: 5 }],
  [{ ...opened("bprm_committed_creds"), args: [0x8020] }, { file: file(0x8020) }],
  [opened("kernel_read_file", [2, 1]), { file: file(), id: 2, contents: 1 }],
  [
    about("inode_create", { args: [0o100644], objects: [NEW] }),
    { dir, dentry: { path: { ...PATH, owner: ZEROS, instance: 1n } }, mode: 0o100644 },
  ],
  [
    about("inode_mkdir", { args: [0o40700], objects: [NEW] }),
    { dir, dentry: { path: { ...PATH, owner: ZEROS, instance: 1n } }, mode: 0o700 },
  ],
  [
    about("inode_mknod", { args: [0o20666, (1 << 20) | 3], objects: [NEW] }),
    { dir, dentry: { path: PATH }, mode: 0o20666, dev: { major: 1, minor: 3 } },
  ],
  [
    about("inode_symlink", { objects: [NEW], text: "../x", areas: [...AREA, { text: "../x" }] }),
    { dir, dentry: { path: PATH }, oldName: "../x" },
  ],
  [about("inode_unlink", { objects: [{ ...FILE, directory: DIR }] }), { dir, dentry }],
  [about("inode_rmdir", { objects: [{ ...FILE, directory: DIR }] }), { dir, dentry }],
  [
    about("inode_link", { objects: [FILE, NEW], areas: TWO_AREAS }),
    { oldDentry: dentry, dir, newDentry: { path: OTHER } },
  ],
  [
    about("inode_rename", {
      args: [0],
      objects: [
        { ...FILE, directory: DIR },
        { ...FILE, directory: { ...DIR, mode: 0o41777 } },
      ],
      areas: TWO_AREAS,
    }),
    {
      oldDir: dir,
      oldDentry: dentry,
      newDir: inode(0o41777),
      newDentry: { ...dentry, path: OTHER },
    },
  ],
  [
    about("inode_setattr", { args: [0x41, 0o100600, 0, 0] }),
    { dentry, attr: { valid: 0x41, mode: 0o100600, uid: 0, gid: 0, size: 0n } },
  ],
  [
    about("inode_setattr", { args: [0x5846, 0, pair(7, 8), 0] }),
    { dentry, attr: { valid: 0x46, mode: 0, uid: 7, gid: 8, size: 0n } },
  ],
  [
    about("inode_setattr", { args: [0xa068, 0, 0, 0] }),
    { dentry, attr: { valid: 0xa008, mode: 0, uid: 0, gid: 0, size: 0n } },
  ],
  [
    about("inode_setattr", { args: [0x2068, 0, 0, 1n << 40n] }),
    { dentry, attr: { valid: 0x48, mode: 0, uid: 0, gid: 0, size: 1n << 40n } },
  ],
  [about("inode_getattr"), { dentry }],
  [
    about("inode_setxattr", { args: [1, 3], text: Buffer.from([0, 1, 255]), more: "user.a" }),
    { dentry, name: "user.a", value: "AAH/", flags: 1 },
  ],
  [
    about("inode_getxattr", { text: "user.b", areas: [...AREA, { text: "user.b" }] }),
    { dentry, name: "user.b" },
  ],
  [about("inode_listxattr"), { dentry }],
  [
    about("inode_removexattr", { text: "user.c", areas: [...AREA, { text: "user.c" }] }),
    { dentry, name: "user.c" },
  ],
  [about("inode_killpriv"), { dentry }],
  [plain("socket_create", 2, 1, 6, 0), { family: 2, type: 1, protocol: 6, kern: 0 }],
  [plain("socket_socketpair", ...SOCK, ...PLAIN_SOCK), { socka: sock, sockb: plainSock }],
  [
    { ...plain("socket_connect", ...SOCK), text: INET },
    { sock, addr: inet },
  ],
  [
    { ...plain("socket_bind", ...SOCK), text: Buffer.from([0, 0, ...INET.subarray(2)]) },
    { sock, addr: inet },
  ],
  [
    { ...plain("socket_connect", 1n | (1n << 16n), 0), text: Buffer.from([1, 0, 0, 97, 0]) },
    { sock: { family: 1, type: 1, protocol: 0 }, addr: { family: "unix", address: "\0a\0" } },
  ],
  [
    {
      ...about("socket_bind", { areas: [areaOf("/run")] }),
      args: [1n | (1n << 16n), 0],
      text: Buffer.from("\u0001\0s.sock"),
    },
    {
      sock: { family: 1, type: 1, protocol: 0 },
      addr: { family: "unix", address: "/run/s.sock" },
    },
  ],
  // no address at all
  [
    plain("socket_connect", ...SOCK),
    { sock, addr: { family: "other", digest: createHash("sha256").digest("hex") } },
  ],
  [
    { ...plain("socket_accept", ...SOCK), text: Buffer.from([2, 0, 80, 0, 0, 0, 0, 0]) },
    { sock, addr: { family: "inet", port: 80, address: 0 } },
  ],
  [plain("socket_accept", ...PLAIN_SOCK), { sock: plainSock }],
  [plain("socket_sendmsg", ...SOCK), { sock }],
  [
    { ...plain("socket_sendmsg", ...SOCK), text: INET },
    { sock, addr: inet },
  ],
  [plain("socket_recvmsg", ...SOCK), { sock }],
  [plain("socket_listen", ...SOCK, 128), { sock, backlog: 128 }],
  [plain("socket_getsockname", ...SOCK), { sock }],
  [plain("socket_getpeername", ...SOCK), { sock }],
  [plain("socket_setsockopt", ...SOCK, pair(1, 2)), { sock, level: 1, optname: 2 }],
  [plain("socket_shutdown", ...SOCK, 1), { sock, how: 1 }],
  [plain("unix_stream_connect", ...SOCK, ...PLAIN_SOCK), { sock, other: plainSock }],
  [plain("unix_may_send", ...SOCK, ...PLAIN_SOCK), { sock, other: plainSock }],
  [
    plain("netlink_send", ...PLAIN_SOCK, pair(1, 2), pair(3, 4), pair(5, 1), 0xffffffff),
    {
      sock: plainSock,
      uid: 1,
      gid: 2,
      portid: 3,
      dstGroup: 4,
      flags: 5,
      nsidSet: 1,
      nsid: -1,
    },
  ],
  [plain("task_kill", SHELL, 15), { target: SHELL_ID, sig: 15, crossNs: 0 }],
  [plain("task_kill", SHELL + 1, 9), { target: SHELL_ID, sig: 9, crossNs: 0 }],
  [plain("task_kill", OUTSIDE, 9), { target: ZEROS, sig: 9, crossNs: 1 }],
  [plain("task_setpgid", SHELL), { task: SHELL_ID, source: ZEROS }],
  [plain("task_getpgid", SHELL), { task: SHELL_ID }],
  [plain("task_getsid", OUTSIDE), { task: ZEROS }],
  [plain("task_setnice", SHELL, 0xfffffffb), { task: SHELL_ID, nice: -5 }],
  [plain("task_setioprio", SHELL, 7), { task: SHELL_ID, ioprio: 7 }],
  [plain("task_getioprio", SHELL), { task: SHELL_ID }],
  [
    plain("task_prlimit", pair(1, 47), ...CREDS, 5),
    { cred: { ...ROOT, securebits: 47 }, tcred: { ...creds, securebits: 5 }, flags: 1 },
  ],
  [
    plain("task_setrlimit", SHELL, 7, 1024, (1n << 64n) - 1n),
    { task: SHELL_ID, resource: 7, current: 1024n, max: (1n << 64n) - 1n },
  ],
  [plain("task_setscheduler", SHELL), { task: SHELL_ID }],
  [plain("task_getscheduler", SHELL), { task: SHELL_ID }],
  [plain("task_prctl", 38, 1, 2, 3), { option: 38, arg2: 1n, arg3: 0n, arg4: 2n, arg5: 3n }],
  [plain("ptrace_access_check", SHELL, 0x12), { child: SHELL_ID, mode: 0x12 }],
  [plain("ptrace_traceme", SHELL), { source: SHELL_ID }],
  [plain("capable", 21, 2), { cap: 21, opts: 2 }],
  [
    plain("capget", SHELL, 1, 2, 3),
    { target: SHELL_ID, effective: 1n, inheritable: 2n, permitted: 3n },
  ],
  [plain("capset", 1, 2, 3), { effective: 1n, inheritable: 2n, permitted: 3n }],
  [plain("task_fix_setuid", 1, pair(5, 5), pair(5, 5)), { flags: 1, ids: [5] }],
  [plain("task_fix_setuid", 2, pair(1, 5), pair(5, 5)), { flags: 2, ids: [1, 5] }],
  [plain("task_fix_setgid", 4, pair(1, 2), pair(3, 2)), { flags: 4, ids: [1, 2, 3] }],
  [plain("task_fix_setuid", 8, pair(0, 0), pair(0, 9)), { flags: 8, ids: [9] }],
  [
    { ...plain("task_fix_setgroups", 2), text: Buffer.from([4, 0, 0, 0, 232, 3, 0, 0]) },
    { flags: 0, ids: [4, 1000] },
  ],
  [about("path_chroot"), { path: PATH }],
  [plain("ipc_permission", ...PERM, 0o660), { ipcp: perm, flag: 0o660 }],
  [plain("shm_associate", ...PERM, 0x200), { perm, shmflg: 0x200 }],
  [plain("shm_shmctl", ...PERM, 2), { perm, cmd: 2 }],
  [plain("shm_shmat", ...PERM, 0), { perm, shmflg: 0 }],
  [plain("sem_associate", ...PERM, 0), { perm, semflg: 0 }],
  [
    plain("sem_semctl", 0, 0, 0, 3),
    { perm: { uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0, owner: ZEROS }, cmd: 3 },
  ],
  [plain("sem_semop", ...PERM, pair(2, 1)), { perm, nsops: 2, alter: 1 }],
  [plain("msg_queue_associate", ...PERM, 0), { perm, msqflg: 0 }],
  [plain("msg_queue_msgctl", ...PERM, 0), { perm, cmd: 0 }],
  [plain("msg_queue_msgsnd", ...PERM, 0), { perm, msqflg: 0 }],
  [
    plain("msg_queue_msgrcv", ...PERM, SHELL, (1n << 64n) - 2n, 4),
    { perm, target: SHELL_ID, type: -2n, mode: 4 },
  ],
  [plain("key_alloc", 5, ...CREDS, 3), { cred: { ...creds, securebits: 3 }, flags: 5n }],
  [
    plain("key_permission", 8n | (1n << 16n) | (3n << 32n), pair(10, 11), 12, ...CREDS),
    { possessed: 1, uid: 10, gid: 11, flags: 12n, cred: { ...creds, securebits: 3 }, perm: 8 },
  ],
  [
    about("sb_mount", {
      args: [3, 1n << 33n],
      text: "none",
      more: "tmpfs",
      areas: [...AREA, { text: "none" }],
    }),
    { devName: "none", path: PATH, type: "tmpfs", flags: 1n << 33n },
  ],
  [about("sb_mount", { args: [0, 0x1000] }), { path: PATH, flags: 0x1000n }],
  [about("sb_umount", { args: [2] }), { dentry, flags: 2 }],
  [
    about("sb_remount", { args: [1], text: "ext4", areas: [...AREA, { text: "ext4" }] }),
    { dentry, fstype: "ext4", sFlags: 1n },
  ],
  [about("sb_pivotroot", { objects: [FILE, FILE], areas: TWO_AREAS }), { from: PATH, to: OTHER }],
  [about("sb_statfs"), { dentry }],
  [about("move_mount", { objects: [FILE, FILE], areas: TWO_AREAS }), { from: PATH, to: OTHER }],
  [
    about("quotactl", {
      args: [pair(0x800007, 1), 1000, 5],
      text: "xfs",
      areas: [...AREA, { text: "xfs" }],
    }),
    { cmds: 0x800007, type: 1, id: 1000, dentry, fstype: "xfs", sFlags: 5n },
  ],
  [
    { hook: "quotactl", args: [pair(0x800001, 0), 0, 0], objects: [{ absent: true }] },
    { cmds: 0x800001, type: 0, id: 0, dentry: { path: { pathname: "" } }, fstype: "", sFlags: 0n },
  ],
  [about("quota_on"), { dentry }],
  [
    { hook: "kernel_module_request", text: "net-pf-9", areas: [{}, { text: "net-pf-9" }] },
    { kmodName: "net-pf-9" },
  ],
  [plain("kernel_load_data", 2, 1), { id: 2, contents: 1 }],
  [plain("syslog", 3), { type: 3 }],
  [plain("settime", 1, 1_700_000_000, 5, 0), { seconds: 1_700_000_000n, nsecs: 5n }],
  [plain("settime", 2, 0, 0, pair(0xffffffc4, 1)), { minuteswest: -60, dsttime: 1 }],
  [plain("bpf", 5, 120), { cmd: 5, size: 120 }],
  [plain("bpf_map", 2, 3), { mapType: 2, fmode: 3 }],
  [plain("bpf_prog", 29, 27), { type: 29, attachType: 27 }],
  [plain("tun_dev_create"), {}],
  [plain("tun_dev_attach_queue"), { sock: { family: 0, type: 0, protocol: 0 } }],
  [plain("tun_dev_attach", ...SOCK), {}],
  [plain("tun_dev_open"), {}],
];

/** Lets the first program become /bin/sh, which the cases name. @returns its number */
export function startShell({ decoder, tell }: TestDecoder): number {
  const exec = { ...opened("bprm_committed_creds"), areas: [areaOf("/bin/sh")] };
  return decoder.conclude(tell(exec), { action: "allow", discipline: false }).next;
}

/** The number that the shell gets. */
export const SHELL_NUMBER: number = SHELL;
