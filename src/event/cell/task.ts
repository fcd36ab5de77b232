// SPDX-License-Identifier: Apache-2.0
// CELLs about tasks, credentials and the system as a whole.
import type { DentryId, FileId, PathId } from "./file.ts";

/** `target` is the TASK_ID (hex) of the signalled task; all zeros when it is outside the namespace (`crossNs` is then 1). */
export interface TaskKillCell {
  readonly target: string;
  readonly sig: number;
  readonly crossNs: number;
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
export interface CapsetCell {
  readonly effective: bigint;
  readonly inheritable: bigint;
  readonly permitted: bigint;
}
export interface TaskPrctlCell {
  readonly option: number;
  readonly arg2: bigint;
  readonly arg3: bigint;
  readonly arg4: bigint;
  readonly arg5: bigint;
}
export interface KernelLoadDataCell {
  readonly id: number;
  readonly contents: number;
}
export interface KernelReadFileCell {
  readonly file: FileId;
  readonly id: number;
  readonly contents: number;
}
export interface SbMountCell {
  readonly devName?: string;
  readonly path: PathId;
  readonly type?: string;
  readonly flags: bigint;
}
export interface SbUmountCell {
  readonly dentry: DentryId;
  readonly flags: number;
}
export interface TwoPathsCell {
  readonly from: PathId;
  readonly to: PathId;
}
export interface PathCell {
  readonly path: PathId;
}
export interface SyslogCell {
  readonly type: number;
}
export interface SettimeCell {
  readonly seconds?: bigint;
  readonly nsecs?: bigint;
  readonly minuteswest?: number;
  readonly dsttime?: number;
}
export interface BpfCell {
  readonly cmd: number;
  readonly size?: number;
}
/** Galgo's own: a change of user or group ids; `ids` as passed, 0xffffffff = unchanged. */
export interface TaskFixIdsCell {
  readonly flags: number;
  readonly ids: readonly number[];
}
/**
 * Galgo's own, for a security-relevant system call that no hook of the vocabulary describes:
 * the arguments that make the behaviour (never pointers, never fds), and text that was copied from the task.
 */
export interface SyscallCell {
  readonly args: readonly bigint[];
  readonly text?: string;
}
