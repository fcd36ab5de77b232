// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyEvent } from "../../test/helpers/any-event.ts";
import {
  aFile,
  anEvent,
  aPath,
  aSyscall,
  DIRECTORY_INODE,
  FILE_INODE,
} from "../../test/helpers/events.ts";
import {
  FILE_CASES,
  IPC_CASES,
  KERNEL_CASES,
  SOCKET_CASES,
  TASK_CASES,
} from "../../test/helpers/tsem-cases.ts";
import { describeEvent, HOOK_NAMES, type SecurityEvent } from "./index.ts";

const TCP = { family: 2, type: 1, protocol: 6 };
const UNIX = { family: 1, type: 1, protocol: 0 };
const dir = DIRECTORY_INODE;
const at = (name: string) => ({ path: aPath(name) });
const there = (name: string) => ({ inode: FILE_INODE, path: aPath(name) });
const open = (name: string, flags: number) =>
  anEvent("file_open", { file: aFile(name, { flags }) });
const attr = { valid: 0, mode: 0, uid: 0, gid: 0, size: 0n };
const setattr = (changes: Partial<typeof attr>) =>
  anEvent("inode_setattr", { dentry: there("/a"), attr: { ...attr, ...changes } });
const connect = (addr: { readonly port: number; readonly address: string }) =>
  anEvent("socket_connect", { sock: { ...TCP, family: 10 }, addr: { family: "inet6", ...addr } });
const prctl = { arg2: 0n, arg3: 0n, arg4: 0n, arg5: 0n };
const none = "0".repeat(64);

const CASES: readonly (readonly [SecurityEvent, string])[] = [
  [open("/etc/shadow", 0x8000), "opens /etc/shadow for reading"],
  [open("/etc/shadow", 0x8001), "opens /etc/shadow for writing"],
  [open("/l", 0x8001 | 0o3100), "opens /l for writing (creating, truncating, appending)"],
  [open("/l", 2), "opens /l for reading and writing"],
  [open("/usr/bin/cat", 0x8020), "runs /usr/bin/cat"],
  [open("/x", 0o10000000), "refers to /x"],
  [open("/tmp", 0o20200002), "creates an unnamed file in /tmp"],
  [
    anEvent("file_open", { file: aFile("/etc", { inode: dir }) }),
    "opens directory /etc for reading",
  ],
  [open("/a b\n", 0), 'opens "/a b\\n" for reading'],
  [anEvent("file_ioctl", { file: aFile("/dev/tty"), cmd: 0x5412 }), "controls /dev/tty (TIOCSTI)"],
  [anEvent("file_ioctl", { file: aFile("/dev/x"), cmd: 0xabcd }), "controls /dev/x (0xabcd)"],
  [
    anEvent("mmap_file", { file: aFile("/lib/x.so"), prot: 5, flags: 2 }),
    "maps /lib/x.so executable",
  ],
  [anEvent("mmap_file", { file: aFile("/d"), prot: 3, flags: 1 }), "maps /d shared writable"],
  [anEvent("mmap_file", { prot: 7, flags: 34 }), "maps anonymous memory writable and executable"],
  [anEvent("mmap_file", { prot: 1, flags: 34 }), "maps anonymous memory readable"],
  [anEvent("file_mprotect", { prot: 5 }), "makes anonymous memory executable"],
  [anEvent("file_mprotect", { file: aFile("/l"), prot: 4 }), "makes memory of /l executable"],
  [anEvent("inode_create", { dir, dentry: at("/a"), mode: 0o100640 }), "creates /a (mode 0640)"],
  [anEvent("inode_mkdir", { dir, dentry: at("/d"), mode: 0o755 }), "makes directory /d"],
  [anEvent("inode_unlink", { dir, dentry: there("/a") }), "removes /a"],
  [anEvent("inode_rmdir", { dir, dentry: there("/d") }), "removes directory /d"],
  [anEvent("inode_link", { oldDentry: there("/a"), dir, newDentry: at("/b") }), "links /a as /b"],
  [
    anEvent("inode_symlink", { dir, dentry: at("/s"), oldName: "../t" }),
    "makes symbolic link /s to ../t",
  ],
  [
    anEvent("inode_mknod", { dir, dentry: at("/n"), mode: 0o020666, dev: { major: 1, minor: 3 } }),
    "makes character device /n (1:3)",
  ],
  [
    anEvent("inode_mknod", { dir, dentry: at("/p"), mode: 0o010666, dev: { major: 0, minor: 0 } }),
    "makes pipe /p",
  ],
  [
    anEvent("inode_mknod", { dir, dentry: at("/f"), mode: 0o100666, dev: { major: 0, minor: 0 } }),
    "makes file /f",
  ],
  [
    anEvent("inode_rename", {
      oldDir: dir,
      oldDentry: there("/a"),
      newDir: dir,
      newDentry: at("/b"),
    }),
    "renames /a to /b",
  ],
  [setattr({ valid: 1, mode: 0o104755 }), "sets mode 04755 of /a"],
  [setattr({ valid: 6, uid: 1, gid: 2 }), "sets owner 1, group 2 of /a"],
  [setattr({ valid: 8, size: 9n }), "truncates /a to 9 bytes"],
  [setattr({ valid: 9, mode: 0o600 }), "truncates /a to 0 bytes, sets mode 0600"],
  [setattr({ valid: 48 }), "changes times of /a"],
  [setattr({}), "changes attributes of /a"],
  [
    anEvent("inode_setxattr", { dentry: there("/a"), name: "user.x", value: "", flags: 0 }),
    "sets attribute user.x of /a",
  ],
  [
    anEvent("inode_removexattr", { dentry: there("/a"), name: "user.x" }),
    "removes attribute user.x of /a",
  ],
  [anEvent("socket_create", { ...TCP, kern: 0 }), "creates a socket (tcp)"],
  [
    anEvent("socket_create", { family: 2, type: 0x80002, protocol: 0, kern: 0 }),
    "creates a socket (udp)",
  ],
  [
    anEvent("socket_create", { family: 2, type: 3, protocol: 1, kern: 0 }),
    "creates a socket (inet raw icmp)",
  ],
  [
    anEvent("socket_create", { family: 10, type: 1, protocol: 99, kern: 0 }),
    "creates a socket (inet6 stream protocol 99)",
  ],
  [
    anEvent("socket_create", { family: 16, type: 3, protocol: 9, kern: 0 }),
    "creates a socket (netlink audit)",
  ],
  [
    anEvent("socket_create", { family: 17, type: 3, protocol: 768, kern: 0 }),
    "creates a socket (packet raw protocol 768)",
  ],
  [
    anEvent("socket_create", { family: 99, type: 9, protocol: 0, kern: 0 }),
    "creates a socket (99 9)",
  ],
  [
    anEvent("socket_socketpair", { socka: UNIX, sockb: UNIX }),
    "creates a pair of sockets (unix stream)",
  ],
  [
    anEvent("socket_connect", {
      sock: TCP,
      addr: { family: "inet", port: 47873, address: 16777226 },
    }),
    "connects to 10.0.0.1:443 (tcp)",
  ],
  [connect({ port: 47873, address: `${"0".repeat(31)}1` }), "connects to [::1]:443 (tcp)"],
  [
    connect({ port: 0, address: "20010db8000000000001000000000001" }),
    "connects to [2001:db8::1:0:0:1]:0 (tcp)",
  ],
  [connect({ port: 0, address: "0".repeat(32) }), "connects to [::]:0 (tcp)"],
  [
    connect({ port: 0, address: "00010002000300040005000600070008" }),
    "connects to [1:2:3:4:5:6:7:8]:0 (tcp)",
  ],
  [
    connect({ port: 0, address: "00010000000300040005000600070008" }),
    "connects to [1:0:3:4:5:6:7:8]:0 (tcp)",
  ],
  [
    connect({ port: 0, address: "00000000000000000000ffff7f000001" }),
    "connects to [::ffff:127.0.0.1]:0 (tcp)",
  ],
  [
    anEvent("socket_connect", { sock: UNIX, addr: { family: "unix", address: "/run/x y" } }),
    'connects to unix socket "/run/x y" (unix stream)',
  ],
  [
    anEvent("socket_connect", { sock: UNIX, addr: { family: "unix", address: "\0bus" } }),
    "connects to abstract unix socket bus (unix stream)",
  ],
  [
    anEvent("socket_bind", { sock: UNIX, addr: { family: "unix", address: "" } }),
    "binds to an unnamed unix socket (unix stream)",
  ],
  [
    anEvent("socket_bind", {
      sock: { family: 16, type: 3, protocol: 0 },
      addr: { family: "other", digest: "ab".repeat(32) },
    }),
    "binds to address abababababab (netlink route)",
  ],
  [
    anEvent("socket_bind", {
      sock: { ...TCP, family: 10 },
      addr: { family: "inet6", port: 36895, address: "fe800000000000000000000000000001", scope: 2 },
    }),
    "binds to [fe80::1%2]:8080 (tcp)",
  ],
  [
    anEvent("socket_accept", {
      sock: TCP,
      addr: { family: "inet", port: 8080, address: 16777343 },
    }),
    "accepts a connection on 127.0.0.1:8080 (tcp)",
  ],
  [anEvent("socket_accept", { sock: UNIX }), "accepts a connection (unix stream)"],
  [
    anEvent("socket_listen", { sock: TCP, backlog: -1 }),
    "listens for connections (tcp, backlog -1)",
  ],
  [anEvent("socket_sendmsg", { sock: TCP }), "sends a message (tcp)"],
  [
    anEvent("socket_sendmsg", {
      sock: { family: 2, type: 2, protocol: 17 },
      addr: { family: "inet", port: 13568, address: 134744072 },
    }),
    "sends to 8.8.8.8:53 (udp)",
  ],
  [
    anEvent("task_kill", { target: "aa".repeat(32), sig: 9, crossNs: 0 }),
    "kills a process of program aaaaaaaaaaaa",
  ],
  [
    anEvent("task_kill", { target: "bb".repeat(32), sig: 15, crossNs: 0 }),
    "sends SIGTERM to a process of /bin/b",
  ],
  [
    anEvent("task_kill", { target: none, sig: 34, crossNs: 1 }),
    "sends signal 34 to a process outside the workload",
  ],
  [
    anEvent("task_kill", { target: none, sig: 0, crossNs: 0 }),
    "checks for a process outside the workload",
  ],
  [
    anEvent("ptrace_access_check", { child: "bb".repeat(32), mode: 2 }),
    "controls a process of /bin/b",
  ],
  [
    anEvent("ptrace_access_check", { child: "bb".repeat(32), mode: 9 }),
    "looks into a process of /bin/b",
  ],
  [anEvent("ptrace_traceme", { source: "bb".repeat(32) }), "lets its parent trace it"],
  [
    anEvent("capset", { effective: 0n, permitted: 0x21n, inheritable: 0x1ffffffffffn }),
    "changes its capabilities: effective none, permitted chown+kill, inheritable 0x1ffffffffff",
  ],
  [
    anEvent("task_prctl", { option: 38, ...prctl, arg2: 1n }),
    "changes a process setting: PR_SET_NO_NEW_PRIVS, 0x1",
  ],
  [
    anEvent("task_prctl", { option: 999, ...prctl, arg4: 255n }),
    "changes a process setting: 999, 0x0, 0x0, 0xff",
  ],
  [anEvent("kernel_load_data", { id: 2, contents: 0 }), "loads a module into the kernel"],
  [
    anEvent("kernel_read_file", { file: aFile("/m.ko"), id: 2, contents: 1 }),
    "loads /m.ko into the kernel as module",
  ],
  [
    anEvent("sb_mount", { devName: "none", path: aPath("/mnt"), type: "tmpfs", flags: 3n }),
    "mounts none on /mnt (tmpfs, ro, nosuid)",
  ],
  [anEvent("sb_mount", { path: aPath("/mnt"), flags: 0n }), "mounts a filesystem on /mnt"],
  [anEvent("sb_umount", { dentry: there("/mnt"), flags: 0 }), "unmounts /mnt"],
  [
    anEvent("sb_pivotroot", { from: aPath("/new/old"), to: aPath("/new") }),
    "makes /new the root filesystem and moves the old one to /new/old",
  ],
  [anEvent("move_mount", { from: aPath("/a"), to: aPath("/b") }), "moves the mount at /a to /b"],
  [anEvent("syslog", { type: 3 }), "reads the whole kernel log"],
  [anEvent("syslog", { type: 77 }), "uses the kernel log (action 77)"],
  [anEvent("settime", { seconds: 5n, nsecs: 0n }), "sets the clock to 5 s"],
  [anEvent("settime", { minuteswest: -60, dsttime: 0 }), "sets the time zone to -60 min west"],
  [anEvent("settime", {}), "sets the clock"],
  [anEvent("bpf", { cmd: 5 }), "uses bpf (BPF_PROG_LOAD)"],
  [anEvent("bprm_committed_creds", { file: aFile("/bin/sh") }), "becomes the program /bin/sh"],
  [anEvent("path_chroot", { path: aPath("/jail") }), "changes its root directory to /jail"],
  [
    anEvent("task_fix_setuid", { flags: 4, ids: [0, 0xffffffff, 5] }),
    "changes its user ids to 0, unchanged, 5",
  ],
  [anEvent("task_fix_setgid", { flags: 1, ids: [7] }), "changes its group ids to 7"],
  [
    anEvent("task_fix_setgroups", { flags: 0, ids: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }),
    "changes its supplementary groups to 1, 2, 3, 4, 5, 6, 7, 8, 2 more",
  ],
  [
    anEvent("task_fix_setgroups", { flags: 0, ids: [] }),
    "changes its supplementary groups to none",
  ],
  [aSyscall("unshare", [0x10000000n, 3n]), "calls unshare(0x10000000, 3)"],
  [aSyscall("memfd_create", [1n], "a\u001b b"), 'calls memfd_create(1, "a\\x1b b")'],
  ...FILE_CASES,
  ...SOCKET_CASES,
  ...TASK_CASES,
  ...IPC_CASES,
  ...KERNEL_CASES,
];

const programs = (taskId: string) => (taskId.startsWith("bb") ? "/bin/b" : undefined);

describe("describeEvent", () => {
  for (const [event, words] of CASES) {
    it(`says ${words}`, () => assert.equal(describeEvent(event, programs), words));
  }

  it("has been looked at for every hook", () => {
    const seen = new Set(CASES.map(([event]) => event.hook));
    assert.deepEqual(
      HOOK_NAMES.filter((hook) => !seen.has(hook)),
      [],
    );
  });

  it("is one line without control, invisible or direction characters, whatever the event holds", () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const words = describeEvent(event);
        assert.ok(words.length > 0);
        assert.doesNotMatch(words, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 1000 },
    );
  });
});
