// SPDX-License-Identifier: Apache-2.0
// One ordinary event, or a few, of each TSEM hook that Galgo's own sensor does not report, with what it says in words.
// TASK_IDs that begin with bb are of the program /bin/b.
import type { SecurityEvent } from "../../src/event/index.ts";
import { aFile, anEvent, aPath, DIRECTORY_INODE, FILE_INODE, ROOT } from "./events.ts";

const TCP = { family: 2, type: 1, protocol: 6 };
const UNIX = { family: 1, type: 1, protocol: 0 };
const B = "bb".repeat(32);
const C = "cd".repeat(32);
const PERM = { uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0o600, owner: B };
const CREDS = { ...ROOT, securebits: 0 };
const USER = { ...CREDS, uid: 1000 };
const SUPERBLOCK = {
  dentry: { inode: DIRECTORY_INODE, path: aPath("/mnt") },
  fstype: "tmpfs",
  sFlags: 0x70810000n,
};
const there = (name: string) => ({ inode: FILE_INODE, path: aPath(name) });
const INFINITE = 0xffff_ffff_ffff_ffffn;
const MASKS = { effective: 1n, inheritable: 0n, permitted: 3n };
const limit = { task: B, resource: 7, current: 1024n, max: 4096n };
const key = { possessed: 1, uid: 5, gid: 0xffffffff, flags: 4n, cred: CREDS, perm: 0xc030000 };
const netlink = { uid: 0, gid: 0, portid: 466, dstGroup: 0, flags: 0, nsidSet: 0, nsid: 0 };

export const FILE_CASES: readonly (readonly [SecurityEvent, string])[] = [
  [anEvent("file_receive", { file: aFile("/r") }), "receives /r, open for reading"],
  [
    anEvent("file_ioctl_compat", { file: aFile("/dev/x"), cmd: 0x5401 }),
    "controls /dev/x (TCGETS) as a 32-bit program",
  ],
  [anEvent("file_lock", { file: aFile("/l"), cmd: 1 }), "locks /l for writing"],
  [anEvent("file_lock", { file: aFile("/$&"), cmd: 2 }), "unlocks /$&"],
  [anEvent("file_lock", { file: aFile("/l"), cmd: 32 }), "locks /l (command 32)"],
  [anEvent("file_fcntl", { file: aFile("/l"), cmd: 4 }), "uses fcntl on /l (F_SETFL)"],
  [anEvent("inode_getattr", { dentry: there("/a") }), "asks for the attributes of /a"],
  [
    anEvent("inode_getxattr", { dentry: there("/a"), name: "user.x" }),
    "reads attribute user.x of /a",
  ],
  [anEvent("inode_listxattr", { dentry: there("/a") }), "lists the extended attributes of /a"],
  [
    anEvent("inode_killpriv", { dentry: there("/a") }),
    "clears the set-user-id bit and capabilities of /a",
  ],
  [anEvent("sb_remount", SUPERBLOCK), "changes how the tmpfs at /mnt is mounted"],
  [anEvent("sb_statfs", { dentry: there("/a") }), "asks about the filesystem of /a"],
  [
    anEvent("quotactl", { cmds: -2147483647, type: 1, id: 7, ...SUPERBLOCK }),
    "uses the disk quotas of the filesystem at /mnt (command 0x80000001, group 7)",
  ],
  [
    anEvent("quotactl", { cmds: 1, type: 9, id: 7, ...SUPERBLOCK }),
    "uses the disk quotas of the filesystem at /mnt (command 0x1, type 9 7)",
  ],
  [anEvent("quota_on", { dentry: there("/q") }), "turns on disk quotas with /q"],
];

export const SOCKET_CASES: readonly (readonly [SecurityEvent, string])[] = [
  [anEvent("socket_recvmsg", { sock: TCP }), "receives a message (tcp)"],
  [
    anEvent("socket_recvmsg", {
      sock: { ...TCP, type: 2, protocol: 17 },
      addr: { family: "inet", port: 13568, address: 16777343 },
    }),
    "receives from 127.0.0.1:53 (udp)",
  ],
  [anEvent("socket_getsockname", { sock: TCP }), "asks for the address of a socket (tcp)"],
  [
    anEvent("socket_getpeername", { sock: UNIX }),
    "asks whom a socket is connected to (unix stream)",
  ],
  [
    anEvent("socket_setsockopt", { sock: TCP, level: 1, optname: 2 }),
    "sets option SO_REUSEADDR on a socket (tcp)",
  ],
  [
    anEvent("socket_setsockopt", { sock: TCP, level: 6, optname: 1 }),
    "sets option 1 of tcp on a socket (tcp)",
  ],
  [anEvent("socket_shutdown", { sock: TCP, how: 0 }), "stops receiving on a socket (tcp)"],
  [anEvent("socket_shutdown", { sock: TCP, how: 1 }), "stops sending on a socket (tcp)"],
  [anEvent("socket_shutdown", { sock: TCP, how: 9 }), "shuts down a socket (tcp)"],
  [
    anEvent("unix_stream_connect", { sock: UNIX, other: { ...UNIX, owner: B } }),
    "connects to a socket of /bin/b (unix stream)",
  ],
  [
    anEvent("unix_may_send", { sock: { ...UNIX, type: 2 }, other: { ...UNIX, owner: C } }),
    "sends to a socket of program cdcdcdcdcdcd (unix datagram)",
  ],
  [
    anEvent("unix_may_send", { sock: UNIX, other: { ...UNIX, owner: "0".repeat(64) } }),
    "sends to a socket (unix stream)",
  ],
  [
    anEvent("netlink_send", { sock: { family: 16, type: 3, protocol: 0 }, ...netlink }),
    "sends a netlink message (netlink route)",
  ],
];

export const TASK_CASES: readonly (readonly [SecurityEvent, string])[] = [
  [
    anEvent("task_setpgid", { task: B, source: C }),
    "sets the process group of a process of /bin/b",
  ],
  [anEvent("task_getpgid", { task: B }), "asks for the process group of a process of /bin/b"],
  [anEvent("task_getsid", { task: B }), "asks for the session of a process of /bin/b"],
  [
    anEvent("task_setnice", { task: B, nice: -5 }),
    "sets the niceness of a process of /bin/b to -5",
  ],
  [
    anEvent("task_setnice", { task: B, nice: 0xffff_fffb }),
    "sets the niceness of a process of /bin/b to -5",
  ],
  [
    anEvent("task_setioprio", { task: B, ioprio: 0x4004 }),
    "sets the I/O priority of a process of /bin/b to 16388",
  ],
  [anEvent("task_getioprio", { task: B }), "asks for the I/O priority of a process of /bin/b"],
  [
    anEvent("task_prlimit", { cred: CREDS, tcred: USER, flags: 1 }),
    "reads the limits of a process of user 1000",
  ],
  [
    anEvent("task_prlimit", { cred: CREDS, tcred: USER, flags: 3 }),
    "reads and sets the limits of a process of user 1000",
  ],
  [
    anEvent("task_prlimit", { cred: CREDS, tcred: USER, flags: 0 }),
    "uses the limits of a process of user 1000",
  ],
  [
    anEvent("task_setrlimit", limit),
    "sets the limit nofile of a process of /bin/b to 1024 (at most 4096)",
  ],
  [
    anEvent("task_setrlimit", { ...limit, resource: 4, current: INFINITE, max: INFINITE }),
    "sets the limit core of a process of /bin/b to unlimited",
  ],
  [anEvent("task_setscheduler", { task: B }), "sets how a process of /bin/b is scheduled"],
  [anEvent("task_getscheduler", { task: B }), "asks how a process of /bin/b is scheduled"],
  [anEvent("capable", { cap: 21, opts: 0 }), "uses the capability sys_admin"],
  [anEvent("capget", { target: B, ...MASKS }), "asks for the capabilities of a process of /bin/b"],
];

export const IPC_CASES: readonly (readonly [SecurityEvent, string])[] = [
  [
    anEvent("ipc_permission", { ipcp: PERM, flag: 0o444 }),
    "asks to read a System V object of /bin/b",
  ],
  [
    anEvent("ipc_permission", { ipcp: PERM, flag: 0o600 }),
    "asks to read and write a System V object of /bin/b",
  ],
  [anEvent("ipc_permission", { ipcp: PERM, flag: 0 }), "asks for a System V object of /bin/b"],
  [anEvent("shm_associate", { perm: PERM, shmflg: 0 }), "finds shared memory of /bin/b"],
  [anEvent("shm_shmctl", { perm: PERM, cmd: 0 }), "controls shared memory of /bin/b (IPC_RMID)"],
  [anEvent("shm_shmat", { perm: PERM, shmflg: 0o10000 }), "maps shared memory of /bin/b"],
  [anEvent("sem_associate", { perm: PERM, semflg: 0 }), "finds semaphores of /bin/b"],
  [anEvent("sem_semctl", { perm: PERM, cmd: 16 }), "controls semaphores of /bin/b (SETVAL)"],
  [anEvent("sem_semop", { perm: PERM, nsops: 1, alter: 1 }), "changes semaphores of /bin/b"],
  [anEvent("sem_semop", { perm: PERM, nsops: 1, alter: 0 }), "waits for semaphores of /bin/b"],
  [anEvent("msg_queue_associate", { perm: PERM, msqflg: 0 }), "finds a message queue of /bin/b"],
  [
    anEvent("msg_queue_msgctl", { perm: PERM, cmd: 2 }),
    "controls a message queue of /bin/b (IPC_STAT)",
  ],
  [anEvent("msg_queue_msgsnd", { perm: PERM, msqflg: 0 }), "sends to a message queue of /bin/b"],
  [
    anEvent("msg_queue_msgrcv", { perm: PERM, target: C, type: -1n, mode: 1 }),
    "receives from a message queue of /bin/b",
  ],
  [anEvent("key_alloc", { cred: USER, flags: 1n }), "makes a key for user 1000"],
  [anEvent("key_permission", key), "uses a key of user 5 (permission 0xc030000)"],
];

export const KERNEL_CASES: readonly (readonly [SecurityEvent, string])[] = [
  [
    anEvent("kernel_module_request", { kmodName: "net-pf-30" }),
    "makes the kernel load the module net-pf-30",
  ],
  [anEvent("bpf_map", { mapType: 2, fmode: 3 }), "uses a bpf map (array)"],
  [anEvent("bpf_prog", { type: 29, attachType: 27 }), "uses a bpf program (lsm)"],
  [anEvent("tun_dev_create", {}), "makes a tunnel device"],
  [anEvent("tun_dev_attach_queue", { sock: TCP }), "attaches a queue to a tunnel device (tcp)"],
  [anEvent("tun_dev_attach", {}), "attaches to a tunnel device"],
  [anEvent("tun_dev_open", {}), "opens a tunnel device"],
];
