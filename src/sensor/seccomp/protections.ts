// SPDX-License-Identifier: Apache-2.0
// The kernel's protections in directories where everybody may make files (proc_sys_fs(5), fs.protected_*): what the
// agent does in several steps must be refused where the task's one step would have been.
import { readProc } from "./proc.ts";
import type { Stat } from "../file/stat.ts";

const STICKY = 0o1000;
const WRITABLE_BY_ALL = 0o002;
const WRITABLE_BY_GROUP = 0o020;

/** Levels of fs.protected_symlinks and fs.protected_regular. */
export interface Protections {
  readonly symlinks: number;
  readonly regular: number;
}

let known: Protections | undefined;

/** What this machine is set to; read once. */
export function protections(): Protections {
  known ??= {
    symlinks: Number(readProc("/proc/sys/fs/protected_symlinks") ?? 1),
    regular: Number(readProc("/proc/sys/fs/protected_regular") ?? 1),
  };
  return known;
}

/** Whether a symlink found in `directory` may be followed by `fsuid` (may_follow_link). */
export function followsFreely(
  fsuid: number,
  link: Stat,
  directory: Stat | undefined,
  { symlinks }: Protections = protections(),
): boolean {
  if (symlinks === 0 || link.uid === fsuid || directory === undefined) return true;
  const open = STICKY | WRITABLE_BY_ALL;
  return (directory.mode & open) !== open || directory.uid === link.uid;
}

/** Whether an existing file in `directory` may be opened with O_CREAT by `fsuid` (may_create_in_sticky). */
export function opensFreely(
  fsuid: number,
  file: Stat,
  directory: Stat | undefined,
  { regular }: Protections = protections(),
): boolean {
  if (regular === 0 || directory === undefined || (directory.mode & STICKY) === 0) return true;
  if (file.uid === fsuid || file.uid === directory.uid) return true;
  const forAll = (directory.mode & WRITABLE_BY_ALL) !== 0;
  const forGroup = regular >= 2 && (directory.mode & WRITABLE_BY_GROUP) !== 0;
  return !forAll && !forGroup;
}
