// SPDX-License-Identifier: Apache-2.0
// CELLs about what processes talk through: System V objects, keys, netlink.
import type { SockId } from "./socket.ts";
import type { CredsId } from "./task.ts";

/** Rights of a System V object; `owner` is the TASK_ID (hex) of its creator. */
export interface IpcPermId {
  readonly uid: number;
  readonly gid: number;
  readonly cuid: number;
  readonly cgid: number;
  readonly mode: number;
  readonly owner: string;
}

export interface IpcPermissionCell {
  readonly ipcp: IpcPermId;
  readonly flag: number;
}
export interface ShmFlagsCell {
  readonly perm: IpcPermId;
  readonly shmflg: number;
}
export interface SemFlagsCell {
  readonly perm: IpcPermId;
  readonly semflg: number;
}
export interface MsgFlagsCell {
  readonly perm: IpcPermId;
  readonly msqflg: number;
}
export interface IpcCommandCell {
  readonly perm: IpcPermId;
  readonly cmd: number;
}
export interface SemopCell {
  readonly perm: IpcPermId;
  readonly nsops: number;
  readonly alter: number;
}
/** `target` is the TASK_ID of the receiver; `type` and `mode` say which message it takes. */
export interface MsgrcvCell {
  readonly perm: IpcPermId;
  readonly target: string;
  readonly type: bigint;
  readonly mode: number;
}
export interface KeyAllocCell {
  readonly cred: CredsId;
  readonly flags: bigint;
}
/** `possessed`, `uid`, `gid` and `flags` are of the key. */
export interface KeyPermissionCell {
  readonly possessed: number;
  readonly uid: number;
  readonly gid: number;
  readonly flags: bigint;
  readonly cred: CredsId;
  readonly perm: number;
}
export interface NetlinkSendCell {
  readonly sock: SockId;
  readonly uid: number;
  readonly gid: number;
  readonly portid: number;
  readonly dstGroup: number;
  readonly flags: number;
  readonly nsidSet: number;
  readonly nsid: number;
}

/** Hooks about System V objects, keys and netlink. */
export interface IpcCells {
  ipc_permission: IpcPermissionCell;
  shm_associate: ShmFlagsCell;
  shm_shmctl: IpcCommandCell;
  shm_shmat: ShmFlagsCell;
  sem_associate: SemFlagsCell;
  sem_semctl: IpcCommandCell;
  sem_semop: SemopCell;
  msg_queue_associate: MsgFlagsCell;
  msg_queue_msgctl: IpcCommandCell;
  msg_queue_msgsnd: MsgFlagsCell;
  msg_queue_msgrcv: MsgrcvCell;
  key_alloc: KeyAllocCell;
  key_permission: KeyPermissionCell;
  netlink_send: NetlinkSendCell;
}
