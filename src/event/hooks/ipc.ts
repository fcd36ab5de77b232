// SPDX-License-Identifier: Apache-2.0
// Hooks about System V objects, keys and netlink.
import type { IpcCells } from "../cell/ipc.ts";
import type { HookSpecs } from "../layout.ts";

const SHM_FLAGS = [
  ["perm", "perm"],
  ["shmflg", "i32"],
] as const;
const MSG_FLAGS = [
  ["perm", "perm"],
  ["msqflg", "i32"],
] as const;
const COMMAND = [
  ["perm", "perm"],
  ["cmd", "i32"],
] as const;

export const IPC_HOOKS: HookSpecs<IpcCells> = {
  ipc_permission: {
    words: "asks for access to a System V object",
    cell: [
      ["ipcp", "perm"],
      ["flag", "u16"],
    ],
  },
  shm_associate: { words: "finds shared memory", cell: SHM_FLAGS },
  shm_shmctl: { words: "controls shared memory", cell: COMMAND },
  shm_shmat: { words: "maps shared memory", cell: SHM_FLAGS },
  sem_associate: {
    words: "finds semaphores",
    cell: [
      ["perm", "perm"],
      ["semflg", "i32"],
    ],
  },
  sem_semctl: { words: "controls semaphores", cell: COMMAND },
  sem_semop: {
    words: "uses semaphores",
    cell: [
      ["perm", "perm"],
      ["nsops", "u32"],
      ["alter", "i32"],
    ],
  },
  msg_queue_associate: { words: "finds a message queue", cell: MSG_FLAGS },
  msg_queue_msgctl: { words: "controls a message queue", cell: COMMAND },
  msg_queue_msgsnd: { words: "sends to a message queue", cell: MSG_FLAGS },
  msg_queue_msgrcv: {
    words: "receives from a message queue",
    cell: [
      ["perm", "perm"],
      ["target", "task"],
      ["type", "i64"],
      ["mode", "i32"],
    ],
  },
  key_alloc: {
    words: "makes a key",
    cell: [
      ["cred", "creds"],
      ["flags", "u64"],
    ],
  },
  key_permission: {
    words: "uses a key",
    cell: [
      ["possessed", "u32", "key_ref.possessed"],
      ["uid", "u32", "key_ref.uid"],
      ["gid", "u32", "key_ref.gid"],
      ["flags", "u64", "key_ref.flags"],
      ["cred", "creds"],
      ["perm", "u32"],
    ],
  },
  netlink_send: {
    words: "sends a netlink message",
    cell: [
      ["sock", "sock"],
      ["uid", "u32"],
      ["gid", "u32"],
      ["portid", "u32"],
      ["dstGroup", "u32"],
      ["flags", "u32"],
      ["nsidSet", "u32"],
      ["nsid", "i32"],
    ],
  },
};
