// SPDX-License-Identifier: Apache-2.0
// Paths as the task would resolve them: its cwd, dirfd, root, symlinks, mount namespace and /proc/self.
// The result is a descriptor, so that what is decided on is what is used. The quick way is one openat2; a path that
// meets a magic link, /proc/self or another root takes the slow way, component by component.
import { errno } from "../../native/libc.ffi.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import { MAX_SYMLINKS } from "./limits.ts";
import { O } from "./open-flags.ts";
import { FileType, FsMagic, type Stat, filesystemOf, statFd } from "./stat.ts";
import type { Task } from "./tasks.ts";

const OPENAT2 = 437;
const AT_FDCWD = -100;
const O_PATH_CLOEXEC = O.PATH | O.CLOEXEC;
const O_NOFOLLOW = O.NOFOLLOW;
const RESOLVE_NO_MAGICLINKS = 2n;
const RESOLVE_NO_SYMLINKS = 4n;
const ENOENT = 2;
const ENOTDIR = 20;
const ELOOP = 40;
const EBADF = 9;
const SLASH = 47;
const PROC_ROOT_INO = 1n;

const how = Buffer.alloc(24);
const linkBuffer = Buffer.alloc(4097);
const ROOT = Buffer.from("/\0");
const EMPTY = Buffer.from("\0");

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

/** openat2 with O_PATH: a descriptor, or minus an errno. */
function openPath(dirfd: number, path: Buffer, flags: number, resolve: bigint): number {
  how.writeBigUInt64LE(BigInt(O_PATH_CLOEXEC | flags), 0);
  how.writeBigUInt64LE(0n, 8);
  how.writeBigUInt64LE(resolve, 16);
  const fd = Number(sys().syscallPath4(OPENAT2, dirfd, path, how, 24));
  return fd >= 0 ? fd : -errno();
}

/** Opens the directory that a relative path of the task starts from; minus an errno when it can not be opened. */
function openOrigin(origin: Origin): number {
  const { task, dirfd } = origin;
  const link = dirfd === AT_FDCWD ? `/proc/${task.tid}/cwd` : `/proc/${task.tid}/fd/${dirfd}`;
  const fd = sys().open(Buffer.from(`${link}\0`, "latin1"), O_PATH_CLOEXEC, 0);
  if (fd >= 0) return fd;
  const error = errno();
  // a descriptor the task does not have: that is EBADF to it, not the ENOENT of /proc
  return dirfd !== AT_FDCWD && error === ENOENT ? -EBADF : -error;
}

/** Opens an object that the task names by descriptor number; the task's own O_PATH and other limits are ignored. */
export function openTaskFd(task: Task, fd: number): Resolved {
  const opened = openOrigin({ task, dirfd: fd });
  return opened < 0 ? { kind: "error", errno: -opened } : found(opened);
}

function found(fd: number): Resolved {
  const stat = statFd(fd);
  if (stat !== undefined) return { kind: "found", fd, stat };
  sys().close(fd);
  return { kind: "error", errno: EBADF };
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
  return { kind: "error", errno: ENOENT };
}

function resolveAny(origin: Origin, path: Buffer, options: ResolveOptions): Resolved {
  const { follow, flags = 0n } = options;
  if (path.length === 1) return { kind: "error", errno: ENOENT };
  if (!origin.task.process.view.sameRoot) return walk(origin, path, follow);
  const relative = path[0] !== SLASH || flags !== 0n;
  const base = relative ? openOrigin(origin) : AT_FDCWD;
  if (relative && base < 0) return { kind: "error", errno: -base };
  try {
    return quickly(base, path, options) ?? walk(origin, path, follow);
  } finally {
    if (relative) sys().close(base);
  }
}

/** The quick way; undefined when only the slow way can tell. */
function quickly(base: number, path: Buffer, options: ResolveOptions): Resolved | undefined {
  const { follow, creating = false, flags = 0n } = options;
  const last = follow ? 0 : O_NOFOLLOW;
  // most paths have no symlink: then success and failure are final, and nothing of /proc/self was met
  const plain = openPath(base, path, last, RESOLVE_NO_SYMLINKS | flags);
  if (plain >= 0) return found(plain);
  if (plain !== -ELOOP) {
    return creating && plain === -ENOENT ? undefined : { kind: "error", errno: -plain };
  }
  return throughLinks(base, path, last, flags);
}

/** With symlinks, but not with magic ones; what leads into /proc may have met /proc/self, which is the agent's here. */
function throughLinks(
  base: number,
  path: Buffer,
  last: number,
  flags: bigint,
): Resolved | undefined {
  const fd = openPath(base, path, last, RESOLVE_NO_MAGICLINKS | flags);
  if (fd < 0) {
    const unsure = flags === 0n && (fd === -ELOOP || fd === -ENOENT);
    return unsure ? undefined : { kind: "error", errno: -fd };
  }
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
    if (path.length === 1) return { kind: "error", errno: ENOENT };
    return parentOf(resolve(origin, ROOT, { follow: true }), Buffer.from(".\0"));
  }
  if (start === 0) {
    const base = openOrigin(origin);
    return base < 0 ? { kind: "error", errno: -base } : { kind: "parent", dirFd: base, name };
  }
  const directory = Buffer.alloc(start + 1);
  path.copy(directory, 0, 0, start);
  return parentOf(resolve(origin, directory, { follow: true }), name);
}

function parentOf(directory: Resolved, name: Buffer): ResolvedParent {
  if (directory.kind === "error") return directory;
  if (directory.kind === "missing") return { kind: "error", errno: ENOENT };
  if (directory.stat.type === FileType.directory)
    return { kind: "parent", dirFd: directory.fd, name };
  sys().close(directory.fd);
  return { kind: "error", errno: ENOTDIR };
}

/** State of the slow way. `at` is owned; `root` belongs to the view, or is owned when it is our own root. */
interface Walk {
  readonly task: Task;
  readonly root: number;
  at: number;
  left: Buffer[];
  links: number;
}

/** Component by component, as the kernel does, with the task's root and the task's /proc/self. */
function walk(origin: Origin, path: Buffer, follow: boolean): Resolved {
  const view = origin.task.process.view;
  const ownRoot = view.sameRoot ? sys().open(ROOT, O_PATH_CLOEXEC, 0) : -1;
  const root = view.sameRoot ? ownRoot : view.rootFd;
  if (root < 0) return { kind: "error", errno: EBADF };
  const start = path[0] === SLASH ? sys().fcntl(root, 1030, 0) : openOrigin(origin);
  try {
    if (start < 0) return { kind: "error", errno: start === -1 ? errno() : -start };
    const trailing = path.length > 2 && path[path.length - 2] === SLASH;
    const state: Walk = { task: origin.task, root, at: start, left: split(path), links: 0 };
    return step(state, follow || trailing);
  } finally {
    if (ownRoot >= 0) sys().close(ownRoot);
  }
}

function split(path: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let from = 0;
  for (let i = 0; i < path.length; i++) {
    if (path[i] !== SLASH && path[i] !== 0) continue;
    if (i > from) parts.push(Buffer.concat([path.subarray(from, i), EMPTY]));
    from = i + 1;
    if (path[i] === 0) break;
  }
  return parts;
}

function step(state: Walk, follow: boolean): Resolved {
  for (let name = state.left.shift(); name !== undefined; name = state.left.shift()) {
    const last = state.left.length === 0;
    const error = isDot(name) ? 0 : isDotDot(name) ? up(state) : down(state, name, !last || follow);
    if (error === ENOENT && last && state.left.length === 0) {
      return { kind: "missing", dirFd: state.at, name };
    }
    if (error !== 0) {
      sys().close(state.at);
      return { kind: "error", errno: error };
    }
  }
  return found(state.at);
}

const isDot = (name: Buffer): boolean => name.length === 2 && name[0] === 46;
const isDotDot = (name: Buffer): boolean => name.length === 3 && name[0] === 46 && name[1] === 46;

function moveTo(state: Walk, fd: number): number {
  sys().close(state.at);
  state.at = fd;
  return 0;
}

function up(state: Walk): number {
  if (statFd(state.at)?.key === statFd(state.root)?.key) return 0;
  const fd = openPath(state.at, Buffer.from("..\0"), 0, RESOLVE_NO_MAGICLINKS);
  return fd < 0 ? -fd : moveTo(state, fd);
}

function down(state: Walk, name: Buffer, followThis: boolean): number {
  const fd = openPath(state.at, name, O_NOFOLLOW, RESOLVE_NO_MAGICLINKS);
  if (fd < 0) return -fd;
  const stat = statFd(fd);
  if (stat === undefined || stat.type !== FileType.symlink || !followThis) return moveTo(state, fd);
  if (++state.links > MAX_SYMLINKS) {
    sys().close(fd);
    return ELOOP;
  }
  const target = linkTarget(state, name, fd, stat);
  if (target === "magic") {
    sys().close(fd);
    const object = openPath(state.at, name, 0, 0n);
    return object < 0 ? -object : moveTo(state, object);
  }
  sys().close(fd);
  if (target === undefined) return ENOENT;
  state.left.unshift(...split(target));
  if (target[0] !== SLASH) return 0;
  const root = sys().fcntl(state.root, 1030, 0);
  return root < 0 ? errno() : moveTo(state, root);
}

/** Text of a symlink with its NUL; "magic" for one that the kernel follows without text (/proc/PID/exe, fd/N, cwd, ...). */
function linkTarget(
  state: Walk,
  name: Buffer,
  fd: number,
  stat: Stat,
): Buffer | "magic" | undefined {
  if (filesystemOf(fd, stat).magic === FsMagic.proc) {
    const own = ownLink(state, name);
    if (own !== undefined) return Buffer.from(`${own}\0`, "latin1");
    const plain = openPath(state.at, name, 0, RESOLVE_NO_MAGICLINKS);
    if (plain === -ELOOP) return "magic";
    if (plain >= 0) sys().close(plain);
  }
  const size = sys().readlinkat(fd, EMPTY, linkBuffer, 4096);
  if (size <= 0) return undefined;
  linkBuffer[size] = 0;
  return Buffer.from(linkBuffer.subarray(0, size + 1));
}

/** /proc/self and /proc/thread-self mean the task, not the agent that looks. */
function ownLink(state: Walk, name: Buffer): string | undefined {
  const text = name.toString("latin1", 0, name.length - 1);
  if (text !== "self" && text !== "thread-self") return undefined;
  if (statFd(state.at)?.ino !== PROC_ROOT_INO) return undefined;
  const { process, tid } = state.task;
  return text === "self" ? `${process.tgid}` : `${process.tgid}/task/${tid}`;
}
