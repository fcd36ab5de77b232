// SPDX-License-Identifier: Apache-2.0
// CELLs of Galgo's own hooks: security-relevant operations that TSEM's vocabulary does not have.
import type { FileId, PathId } from "./file.ts";

/** Memory that is made executable after it was mapped. */
export interface MprotectCell {
  readonly file?: FileId;
  readonly prot: number;
}
export interface PathCell {
  readonly path: PathId;
}
/** A change of user or group ids; `ids` as passed, 0xffffffff = unchanged. */
export interface TaskFixIdsCell {
  readonly flags: number;
  readonly ids: readonly number[];
}
/**
 * A security-relevant system call that no hook of the vocabulary describes:
 * the arguments that make the behaviour (never pointers, never fds), and text that was copied from the task.
 */
export interface SyscallCell {
  readonly args: readonly bigint[];
  readonly text?: string;
}

/** Galgo's own hooks. */
export interface OwnCells {
  file_mprotect: MprotectCell;
  path_chroot: PathCell;
  task_fix_setuid: TaskFixIdsCell;
  task_fix_setgid: TaskFixIdsCell;
  task_fix_setgroups: TaskFixIdsCell;
  /** A system call without a hook; its name is in `SecurityEvent.syscall`. */
  syscall: SyscallCell;
}
