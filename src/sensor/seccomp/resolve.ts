// SPDX-License-Identifier: Apache-2.0
// Paths as the task would resolve them: its cwd, dirfd, root, symlinks, mount namespace and /proc/self.
// The result is a descriptor, so that what is decided on is what is used. The quick way is one openat2; a path that
// meets a magic link, /proc/self or another root takes the slow way, component by component.
import { sys } from "../../native/syscalls.ffi.ts";
import { AT, E, O } from "../file/open-flags.ts";
import { type Origin, RESOLVE, type Resolved, found, openOrigin, openPath } from "./origin.ts";
import { FileType, FsMagic, filesystemOf } from "../file/stat.ts";
import type { Task } from "./tasks.ts";
import { walk } from "./walk.ts";

/**
 * Errors in another root that may be ours alone: in its own directory of /proc the task may more than its credentials say; the others are
 * the limits of openat2 (renames beside "..", magic links out of the root).
 */
const OURS: ReadonlySet<number> = new Set([E.ACCES, E.AGAIN, E.XDEV]);

export type { Origin, Resolved } from "./origin.ts";

const SLASH = 47;
const ROOT = Buffer.from("/\0");

/** Opens an object that the task names by descriptor number; the task's own O_PATH and other limits are ignored. */
export function openTaskFd(task: Task, fd: number): Resolved {
  const opened = openOrigin({ task, dirfd: fd });
  return opened < 0 ? { kind: "error", errno: -opened } : found(opened);
}

/** How to resolve. */
export interface ResolveOptions {
  /** Whether a symlink in the last place is followed. */
  readonly follow: boolean;
  /** A missing last component gives its directory ("missing"); otherwise it is ENOENT. */
  readonly creating?: boolean;
  /** RESOLVE_* of the task's own openat2. */
  readonly flags?: bigint;
}

/** Resolves `path` (NUL-terminated bytes) to an object. */
export function resolve(origin: Origin, path: Buffer, options: ResolveOptions): Resolved {
  const result = resolveAny(origin, path, options);
  if (result.kind !== "missing" || options.creating === true) return result;
  sys().close(result.dirFd);
  return { kind: "error", errno: E.NOENT };
}

function resolveAny(origin: Origin, path: Buffer, options: ResolveOptions): Resolved {
  const { follow, flags = 0n } = options;
  if (path.length === 1) return { kind: "error", errno: E.NOENT };
  if (path[0] === SLASH && (flags & RESOLVE.BENEATH) !== 0n)
    return { kind: "error", errno: E.XDEV };
  if (!origin.task.process.view.sameRoot)
    return inOtherRoot(origin, path, options) ?? walk(origin, path, { follow, flags });
  const relative = path[0] !== SLASH || (flags & RESOLVE.IN_ROOT) !== 0n;
  const base = relative ? openOrigin(origin) : AT.FDCWD;
  if (relative && base < 0) return { kind: "error", errno: -base };
  try {
    return quickly(base, path, options) ?? walk(origin, path, { follow, flags });
  } finally {
    if (relative) sys().close(base);
  }
}

/**
 * The quick way in another root: an absolute path is resolved as if that were ours; a relative one as long as nothing in it leads up or
 * elsewhere. undefined when only the slow way can tell.
 */
function inOtherRoot(origin: Origin, path: Buffer, options: ResolveOptions): Resolved | undefined {
  const { rootFd } = origin.task.process.view;
  if (rootFd < 0 || (options.flags ?? 0n) !== 0n) return undefined;
  if (path[0] !== SLASH) return path.includes("..") ? undefined : below(origin, path, options);
  const result = quickly(rootFd, path, { ...options, flags: RESOLVE.IN_ROOT });
  return result?.kind === "error" && OURS.has(result.errno) ? undefined : result;
}

/** A relative path without symlinks. */
function below(origin: Origin, path: Buffer, options: ResolveOptions): Resolved | undefined {
  const { follow, creating = false } = options;
  const base = openOrigin(origin);
  if (base < 0) return { kind: "error", errno: -base };
  const fd = openPath(base, path, follow ? 0 : O.NOFOLLOW, RESOLVE.NO_SYMLINKS);
  sys().close(base);
  if (fd >= 0) return found(fd);
  const slow = fd === -E.LOOP || (creating && fd === -E.NOENT);
  return slow ? undefined : { kind: "error", errno: -fd };
}

/** The quick way; undefined when only the slow way can tell. */
function quickly(base: number, path: Buffer, options: ResolveOptions): Resolved | undefined {
  const { follow, creating = false, flags = 0n } = options;
  const last = follow ? 0 : O.NOFOLLOW;
  // most paths have no symlink: then success and failure are final, and nothing of /proc/self was met
  const plain = openPath(base, path, last, RESOLVE.NO_SYMLINKS | flags);
  if (plain >= 0) return found(plain);
  if (plain !== -E.LOOP) {
    return creating && plain === -E.NOENT ? undefined : { kind: "error", errno: -plain };
  }
  const fd = openPath(base, path, last, RESOLVE.NO_MAGICLINKS | flags);
  if (fd < 0) return fd === -E.LOOP || fd === -E.NOENT ? undefined : { kind: "error", errno: -fd };
  const result = found(fd);
  if (result.kind !== "found" || filesystemOf(fd, result.stat).magic !== FsMagic.proc)
    return result;
  sys().close(fd);
  return undefined;
}

/** Directory (O_PATH) and last component of a path; nothing is said about what is there. The receiver closes `dirFd`. */
export type ResolvedParent =
  | { readonly kind: "parent"; readonly dirFd: number; readonly name: Buffer }
  | { readonly kind: "error"; readonly errno: number };

/** Resolves all but the last component. Trailing slashes stay with the name: they mean something to the kernel. */
export function resolveParent(origin: Origin, path: Buffer): ResolvedParent {
  let end = path.length - 1;
  while (end > 0 && path[end - 1] === SLASH) end--;
  let start = end;
  while (start > 0 && path[start - 1] !== SLASH) start--;
  const name = Buffer.from(path.subarray(start));
  if (end === 0) {
    if (path.length === 1) return { kind: "error", errno: E.NOENT };
    // the root has no name: as "/" every call fails with the kernel's own error
    return parentOf(resolve(origin, ROOT, { follow: true }), ROOT);
  }
  if (start === 0) {
    const base = openOrigin(origin);
    return parentOf(base < 0 ? { kind: "error", errno: -base } : found(base), name);
  }
  const directory = Buffer.alloc(start + 1);
  path.copy(directory, 0, 0, start);
  return parentOf(resolve(origin, directory, { follow: true }), name);
}

function parentOf(directory: Resolved, name: Buffer): ResolvedParent {
  if (directory.kind === "error") return directory;
  if (directory.kind === "missing") return { kind: "error", errno: E.NOENT };
  if (directory.stat.type === FileType.directory)
    return { kind: "parent", dirFd: directory.fd, name };
  sys().close(directory.fd);
  return { kind: "error", errno: E.NOTDIR };
}
