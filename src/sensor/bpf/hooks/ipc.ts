// SPDX-License-Identifier: Apache-2.0
// Hooks about System V objects and keys (bpf/hooks-ipc.h).
import type { IpcCells } from "../../../event/cell/ipc.ts";
import { bits, high, type HookSources, low, type Source, task, word } from "./source.ts";

const perm: Source = { from: "perm" };

export const IPC_SOURCES: HookSources<Exclude<keyof IpcCells, "netlink_send">> = {
  ipc_permission: { ipcp: perm, flag: low(3) },
  shm_associate: { perm, shmflg: low(3) },
  shm_shmctl: { perm, cmd: low(3) },
  shm_shmat: { perm, shmflg: low(3) },
  sem_associate: { perm, semflg: low(3) },
  sem_semctl: { perm, cmd: low(3) },
  sem_semop: { perm, nsops: low(3), alter: high(3) },
  msg_queue_associate: { perm, msqflg: low(3) },
  msg_queue_msgctl: { perm, cmd: low(3) },
  msg_queue_msgsnd: { perm, msqflg: low(3) },
  msg_queue_msgrcv: { perm, target: task(3), type: word(4), mode: low(5) },
  key_alloc: { cred: { from: "creds", arg: 1, securebits: low(6) }, flags: word(0) },
  key_permission: {
    possessed: bits(0, 16, 16),
    uid: low(1),
    gid: high(1),
    flags: word(2),
    cred: { from: "creds", arg: 3, securebits: high(0) },
    perm: bits(0, 0, 16),
  },
};
