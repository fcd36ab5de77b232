// SPDX-License-Identifier: Apache-2.0
// What is done with System V objects, keys and netlink, in words.
import { socketWords } from "./address-words.ts";
import type { IpcCells, IpcPermId } from "./cell/ipc.ts";
import { MSG_COMMANDS, nameOf, SEM_COMMANDS, SHM_COMMANDS } from "./names-table.ts";
import { makerWords, type ProgramNames, type WordsOf } from "./program-names.ts";

/** "shared memory of /bin/sh". */
function made(what: string, { owner }: IpcPermId, names: ProgramNames): string {
  return `${what}${makerWords(owner, names)}`;
}

/** What may be done, by the bits of a mode, wherever in it they stand. */
function accessWords(flag: number): string {
  const bits = (flag | (flag >> 3) | (flag >> 6)) & 7;
  const verbs = [...((bits & 4) === 0 ? [] : ["read"]), ...((bits & 2) === 0 ? [] : ["write"])];
  return verbs.length === 0 ? "for" : `to ${verbs.join(" and ")}`;
}

/** What is done with System V objects, keys and netlink. */
export const IPC_WORDS: WordsOf<IpcCells> = {
  ipc_permission: ({ cell }, names) =>
    `asks ${accessWords(cell.flag)} ${made("a System V object", cell.ipcp, names)}`,
  shm_associate: ({ cell }, names) => `finds ${made("shared memory", cell.perm, names)}`,
  shm_shmctl: ({ cell }, names) =>
    `controls ${made("shared memory", cell.perm, names)} (${nameOf(SHM_COMMANDS, cell.cmd)})`,
  shm_shmat: ({ cell }, names) => `maps ${made("shared memory", cell.perm, names)}`,
  sem_associate: ({ cell }, names) => `finds ${made("semaphores", cell.perm, names)}`,
  sem_semctl: ({ cell }, names) =>
    `controls ${made("semaphores", cell.perm, names)} (${nameOf(SEM_COMMANDS, cell.cmd)})`,
  sem_semop: ({ cell }, names) =>
    `${cell.alter === 0 ? "waits for" : "changes"} ${made("semaphores", cell.perm, names)}`,
  msg_queue_associate: ({ cell }, names) => `finds ${made("a message queue", cell.perm, names)}`,
  msg_queue_msgctl: ({ cell }, names) =>
    `controls ${made("a message queue", cell.perm, names)} (${nameOf(MSG_COMMANDS, cell.cmd)})`,
  msg_queue_msgsnd: ({ cell }, names) => `sends to ${made("a message queue", cell.perm, names)}`,
  msg_queue_msgrcv: ({ cell }, names) =>
    `receives from ${made("a message queue", cell.perm, names)}`,
  key_alloc: (e) => `makes a key for user ${e.cell.cred.uid}`,
  key_permission: ({ cell }) =>
    `uses a key of user ${cell.uid} (permission 0x${cell.perm.toString(16)})`,
  netlink_send: (e) => `sends a netlink message (${socketWords(e.cell.sock)})`,
};
