// SPDX-License-Identifier: Apache-2.0
// The security event: one hook call, COE + CELL + identity of the running program and of its parent.
import type { FileCells } from "./cell/file.ts";
import type { InodeCells } from "./cell/inode.ts";
import type { IpcCells } from "./cell/ipc.ts";
import type { KernelCells } from "./cell/kernel.ts";
import type { MountCells } from "./cell/mount.ts";
import type { OwnCells } from "./cell/own.ts";
import type { SocketCells } from "./cell/socket.ts";
import type { TaskCells } from "./cell/task.ts";
import type { Coe } from "./coe.ts";

/** CELL by hook. TSEM's names and members; `OwnCells` are Galgo's own. */
export interface CellByHook
  extends FileCells,
    InodeCells,
    SocketCells,
    TaskCells,
    IpcCells,
    MountCells,
    KernelCells,
    OwnCells {}

export type HookName = keyof CellByHook;

/** TASK_ID and PTASK_ID, hex. Objects are shared between events: compare members, never mutate. */
export interface TaskIdentity {
  readonly taskId: string;
  readonly pTaskId: string;
}

/** What every event has. */
export interface EventBase {
  /** Thread id in the sensor's pid namespace; 0 when unknown. */
  readonly pid: number;
  /** Thread group of `pid`; absent when the sensor does not know it. */
  readonly tgid?: number;
  /** TSEM only: serial number of the task, never reused. */
  readonly tnum?: bigint;
  /** TSEM only: number of the security modeling namespace. */
  readonly context?: number;
  /** TSEM only: number of the event in its namespace. */
  readonly number?: bigint;
  /** comm; untrusted text. */
  readonly process: string;
  /** TSEM only: how many programs had been started when this task started its own; `pTtd` the same of its parent. */
  readonly ttd?: bigint;
  readonly pTtd?: bigint;
  readonly task: TaskIdentity;
  readonly coe: Coe;
  /** Nanoseconds since boot; 0n when the sensor has no clock for it. Informational, never hashed. */
  readonly ts: bigint;
}

export type EventOf<H extends HookName> = H extends "syscall"
  ? EventBase & {
      readonly hook: "syscall";
      readonly syscall: string;
      readonly cell: CellByHook["syscall"];
    }
  : EventBase & { readonly hook: H; readonly cell: CellByHook[H] };

/** One LSM hook call (or what a sensor translated into one), discriminated by `hook`. */
export type SecurityEvent = { [H in HookName]: EventOf<H> }[HookName];
