// SPDX-License-Identifier: Apache-2.0
// How an event uses a file, read from the hook and the flags.
import type { HookName } from "../../event/event.ts";

/** f_flags of a file that was opened to be executed. */
const FMODE_EXEC = 0x20;
const O_ACCMODE = 3;

const CODE_HOOKS: ReadonlySet<HookName> = new Set<HookName>([
  "mmap_file",
  "file_mprotect",
  "kernel_read_file",
  "bprm_committed_creds",
]);

/** True when the file is a program, mapped code, or loaded into the kernel: its content is always behaviour. */
export function isProgramUse(hook: HookName, flags: number): boolean {
  return CODE_HOOKS.has(hook) || (flags & FMODE_EXEC) !== 0;
}

/** True when the access mode lets the task write. */
export function opensForWriting(flags: number): boolean {
  return (flags & O_ACCMODE) !== 0;
}
