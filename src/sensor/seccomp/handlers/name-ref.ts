// SPDX-License-Identifier: Apache-2.0
// A name in a directory together with what is there now, both as descriptors.
import type { DentryId } from "../../../event/cell/file.ts";
import { errno } from "../../../native/libc.ffi.ts";
import { sys } from "../../../native/syscalls.ffi.ts";
import type { Call } from "../call.ts";
import { E, O } from "../../file/open-flags.ts";
import { resolveParent } from "../resolve.ts";
import { type Stat, statFd } from "../../file/stat.ts";

export interface NameRef {
  readonly dirFd: number;
  readonly dirStat: Stat;
  readonly name: Buffer;
  /** undefined: nothing has this name. Symlinks are not followed. */
  readonly object: { readonly fd: number; readonly stat: Stat } | undefined;
  /** Why there is no object: ENOENT, or that the name can not be one. */
  readonly errno: number;
}

/** Resolves a path argument to a name and its object; an errno when its directory can not be reached. */
export function openName(call: Call, dirfd: number | undefined, path: Buffer): NameRef | number {
  const parent = resolveParent(call.origin(dirfd), path);
  if (parent.kind === "error") return parent.errno;
  const dirStat = statFd(parent.dirFd);
  if (dirStat === undefined) {
    sys().close(parent.dirFd);
    return E.NOENT;
  }
  const fd = sys().openat(parent.dirFd, parent.name, O.PATH | O.NOFOLLOW | O.CLOEXEC, 0);
  const error = fd < 0 ? errno() : 0;
  const stat = fd < 0 ? undefined : statFd(fd);
  const object = stat === undefined ? undefined : { fd, stat };
  return { dirFd: parent.dirFd, dirStat, name: parent.name, object, errno: error };
}

/**
 * Whether something is mounted on the name in a mount namespace that is not the agent's: the kernel refuses to remove
 * or move mount points of the caller's namespace only.
 */
export function isMountPoint(call: Call, ref: NameRef): boolean {
  if (call.task.process.view.sameRoot || ref.object === undefined) return false;
  return ref.object.stat.mntId !== ref.dirStat.mntId;
}

export function closeName(ref: NameRef): void {
  sys().close(ref.dirFd);
  if (ref.object !== undefined) sys().close(ref.object.fd);
}

/** The name as a dentry of a CELL. */
export function describeName(call: Call, ref: NameRef): DentryId {
  const { objects } = call.bench;
  const { process } = call.task;
  return ref.object === undefined
    ? { path: objects.newName(process, ref.dirFd, ref.name) }
    : objects.dentry(process, ref.object.fd, ref.object.stat);
}
