// SPDX-License-Identifier: Apache-2.0
// Where a path starts and where it ends, and the kernel's own path resolution between.
import { errno } from "../../native/libc.ffi.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import { asAgent } from "./agent-self.ts";
import { AT, E, O } from "../file/open-flags.ts";
import { type Stat, statFd } from "../file/stat.ts";
import type { Task } from "./tasks.ts";

const OPENAT2 = 437;
const O_PATH_CLOEXEC = O.PATH | O.CLOEXEC;
const how = Buffer.alloc(24);

/** RESOLVE_* of openat2 (uapi/linux/openat2.h). */
export const RESOLVE = {
  NO_XDEV: 1n,
  NO_MAGICLINKS: 2n,
  NO_SYMLINKS: 4n,
  BENEATH: 8n,
  IN_ROOT: 0x10n,
} as const;

/** Where a path starts. */
export interface Origin {
  readonly task: Task;
  /** AT_FDCWD (-100) or a descriptor number of the task. */
  readonly dirfd: number;
}

/** An object (O_PATH), or the directory and name where it would be made, or an errno. The receiver closes `fd` and `dirFd`. */
export type Resolved =
  | { readonly kind: "found"; readonly fd: number; readonly stat: Stat }
  | { readonly kind: "missing"; readonly dirFd: number; readonly name: Buffer }
  | { readonly kind: "error"; readonly errno: number };

/** Takes `fd`. */
export function found(fd: number): Resolved {
  const stat = statFd(fd);
  if (stat !== undefined) return { kind: "found", fd, stat };
  sys().close(fd);
  return { kind: "error", errno: E.BADF };
}

/** openat2 with O_PATH: a descriptor, or minus an errno. */
export function openPath(dirfd: number, path: Buffer, flags: number, resolve: bigint): number {
  how.writeBigUInt64LE(BigInt(O_PATH_CLOEXEC | flags), 0);
  how.writeBigUInt64LE(0n, 8);
  how.writeBigUInt64LE(resolve, 16);
  const fd = Number(sys().syscallPath4(OPENAT2, dirfd, path, how, 24));
  return fd >= 0 ? fd : -errno();
}

/**
 * Opens the directory that a relative path of the task starts from, with the agent's own rights: the task holds it open.
 * @returns a descriptor, or minus an errno when it can not be opened
 */
export function openOrigin(origin: Origin): number {
  const { task, dirfd } = origin;
  const link = dirfd === AT.FDCWD ? `/proc/${task.tid}/cwd` : `/proc/${task.tid}/fd/${dirfd}`;
  const path = Buffer.from(`${link}\0`, "latin1");
  const fd = asAgent(() => {
    const opened = sys().open(path, O_PATH_CLOEXEC, 0);
    return opened >= 0 ? opened : -errno();
  });
  // a descriptor the task does not have: that is EBADF to it, not the ENOENT of /proc
  return dirfd !== AT.FDCWD && fd === -E.NOENT ? -E.BADF : fd;
}
