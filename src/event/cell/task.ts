// SPDX-License-Identifier: Apache-2.0
// CELLs about tasks and credentials.
import type { Coe } from "../coe.ts";

/** Credentials of a task, as far as TSEM describes them. */
export interface CredsId extends Coe {
  readonly securebits: number;
}

/** `target` is the TASK_ID (hex) of the signalled task; all zeros when it is outside the namespace (`crossNs` is then 1). */
export interface TaskKillCell {
  readonly target: string;
  readonly sig: number;
  readonly crossNs: number;
}
/** The TASK_ID (hex) of the task that is acted on. */
export interface TaskCell {
  readonly task: string;
}
/** `source` is the TASK_ID of the acting task. */
export interface TaskSetpgidCell {
  readonly task: string;
  readonly source: string;
}
export interface TaskSetniceCell {
  readonly task: string;
  readonly nice: number;
}
export interface TaskSetioprioCell {
  readonly task: string;
  readonly ioprio: number;
}
/** Credentials of the acting task and of the one whose limits are read (flag 1) or changed (flag 2). */
export interface TaskPrlimitCell {
  readonly cred: CredsId;
  readonly tcred: CredsId;
  readonly flags: number;
}
/** A limit of all ones is none. */
export interface TaskSetrlimitCell {
  readonly task: string;
  readonly resource: number;
  readonly current: bigint;
  readonly max: bigint;
}
export interface TaskPrctlCell {
  readonly option: number;
  readonly arg2: bigint;
  readonly arg3: bigint;
  readonly arg4: bigint;
  readonly arg5: bigint;
}
export interface PtraceAccessCell {
  readonly child: string;
  readonly mode: number;
}
export interface PtraceTracemeCell {
  readonly source: string;
}
export interface CapableCell {
  readonly cap: number;
  readonly opts: number;
}
export interface CapgetCell {
  readonly target: string;
  readonly effective: bigint;
  readonly inheritable: bigint;
  readonly permitted: bigint;
}
export interface CapsetCell {
  readonly effective: bigint;
  readonly inheritable: bigint;
  readonly permitted: bigint;
}

/** Hooks about tasks and credentials. */
export interface TaskCells {
  task_kill: TaskKillCell;
  task_setpgid: TaskSetpgidCell;
  task_getpgid: TaskCell;
  task_getsid: TaskCell;
  task_setnice: TaskSetniceCell;
  task_setioprio: TaskSetioprioCell;
  task_getioprio: TaskCell;
  task_prlimit: TaskPrlimitCell;
  task_setrlimit: TaskSetrlimitCell;
  task_setscheduler: TaskCell;
  task_getscheduler: TaskCell;
  task_prctl: TaskPrctlCell;
  ptrace_access_check: PtraceAccessCell;
  ptrace_traceme: PtraceTracemeCell;
  capable: CapableCell;
  capget: CapgetCell;
  capset: CapsetCell;
}
