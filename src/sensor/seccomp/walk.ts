// SPDX-License-Identifier: Apache-2.0
// The slow way of path resolution: component by component, as the kernel does (fs/namei.c), with the task's root, the
// task's /proc/self, and the limits that openat2 sets.
import { errno } from "../../native/libc.ffi.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import { asAgent } from "./agent-self.ts";
import { MAX_SYMLINKS } from "./limits.ts";
import { AT, E, O } from "../file/open-flags.ts";
import { type Origin, RESOLVE, type Resolved, found, openOrigin, openPath } from "./origin.ts";
import { ownNumber } from "./own-number.ts";
import { followsFreely } from "./protections.ts";
import { FileType, FsMagic, type Stat, filesystemOf, pathOfFd, statFd } from "../file/stat.ts";
import type { Task } from "./tasks.ts";
import { Unseen } from "../file/unseen.ts";

const F_DUPFD_CLOEXEC = 1030;
const SLASH = 47;
const DOT = 46;
const PROC_ROOT_INO = 1n;
const linkBuffer = Buffer.alloc(4097);
const ROOT = Buffer.from("/\0");
const EMPTY = Buffer.from("\0");
const UP = Buffer.from("..\0");

/** How to walk. */
export interface WalkOptions {
  /** Whether a symlink in the last place is followed. */
  readonly follow: boolean;
  /** RESOLVE_* of the task's own openat2. */
  readonly flags: bigint;
}

/** `at` is owned, `root` is not. */
interface Walk {
  readonly task: Task;
  readonly root: number;
  readonly flags: bigint;
  at: number;
  left: Buffer[];
  links: number;
}

/** Resolves `path`; "missing" whenever only the last component is not there. */
export function walk(origin: Origin, path: Buffer, options: WalkOptions): Resolved {
  const { flags } = options;
  const view = origin.task.process.view;
  if (!view.sameRoot && view.rootFd < 0)
    throw new Unseen("unreadable-root", `thread ${origin.task.tid}`);
  const inBase = (flags & (RESOLVE.BENEATH | RESOLVE.IN_ROOT)) !== 0n;
  const root = inBase
    ? openOrigin(origin)
    : view.sameRoot
      ? openPath(AT.FDCWD, ROOT, 0, 0n)
      : copy(view.rootFd);
  if (root < 0) return { kind: "error", errno: -root };
  const start = path[0] === SLASH || inBase ? copy(root) : openOrigin(origin);
  try {
    if (start < 0) return { kind: "error", errno: -start };
    const trailing = path.length > 2 && path[path.length - 2] === SLASH;
    const state: Walk = {
      task: origin.task,
      root,
      flags,
      at: start,
      left: split(path),
      links: 0,
    };
    return checked(step(state, options.follow || trailing), trailing);
  } finally {
    sys().close(root);
  }
}

/** A second descriptor, or minus an errno. */
function copy(fd: number): number {
  const copied = sys().fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return copied >= 0 ? copied : -errno();
}

/** With a slash behind it only a directory will do. */
function checked(result: Resolved, trailing: boolean): Resolved {
  if (!trailing || result.kind !== "found" || result.stat.type === FileType.directory)
    return result;
  sys().close(result.fd);
  return { kind: "error", errno: E.NOTDIR };
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
    const error = isDot(name) ? here(state) : take(state, name, !last || follow);
    if (error === E.NOENT && last && state.left.length === 0) {
      return { kind: "missing", dirFd: state.at, name };
    }
    if (error !== 0) {
      sys().close(state.at);
      return { kind: "error", errno: error };
    }
  }
  return found(state.at);
}

function take(state: Walk, name: Buffer, follow: boolean): number {
  return isDotDot(name) ? up(state) : down(state, name, follow);
}

/** "." is only in directories. */
function here(state: Walk): number {
  return statFd(state.at)?.type === FileType.directory ? 0 : E.NOTDIR;
}

const isDot = (name: Buffer): boolean => name.length === 2 && name[0] === DOT;
const isDotDot = (name: Buffer): boolean => name.length === 3 && name[0] === DOT && name[1] === DOT;

/** Takes `fd`. Returns an errno, or 0. */
function moveTo(state: Walk, fd: number): number {
  if ((state.flags & RESOLVE.NO_XDEV) !== 0n && statFd(fd)?.mntId !== statFd(state.at)?.mntId) {
    sys().close(fd);
    return E.XDEV;
  }
  sys().close(state.at);
  state.at = fd;
  return 0;
}

/** The same directory can be mounted in several places: only this one is the root. */
function atRoot(state: Walk): boolean {
  const here = statFd(state.at);
  const root = statFd(state.root);
  return here !== undefined && here.key === root?.key && here.mntId === root.mntId;
}

function up(state: Walk): number {
  if (atRoot(state)) return (state.flags & RESOLVE.BENEATH) === 0n ? 0 : E.XDEV;
  const fd = openPath(state.at, UP, 0, RESOLVE.NO_MAGICLINKS);
  return fd < 0 ? -fd : moveTo(state, fd);
}

/** Opens a name here; what belongs to the task's own process is open to the task whatever its modes say. */
function openHere(state: Walk, name: Buffer, flags: number, resolve: bigint): number {
  const fd = openPath(state.at, name, flags, resolve);
  if (fd !== -E.ACCES) return fd;
  const own = `/proc/${state.task.process.tgid}`;
  const here = pathOfFd(state.at);
  if (here !== own && !here.startsWith(`${own}/`)) return fd;
  return asAgent(() => openPath(state.at, name, flags, resolve));
}

function down(state: Walk, name: Buffer, followThis: boolean): number {
  const fd = openHere(state, name, O.NOFOLLOW, RESOLVE.NO_MAGICLINKS);
  if (fd < 0) return -fd;
  const stat = statFd(fd);
  if (stat === undefined || stat.type !== FileType.symlink || !followThis) return moveTo(state, fd);
  const error = linkError(state, stat);
  const target = error === 0 ? linkTarget(state, name, fd, stat) : undefined;
  sys().close(fd);
  if (error !== 0) return error;
  if (target === undefined) return E.NOENT;
  return target === "magic" ? jump(state, name) : follow(state, target);
}

function linkError(state: Walk, link: Stat): number {
  if (++state.links > MAX_SYMLINKS || (state.flags & RESOLVE.NO_SYMLINKS) !== 0n) return E.LOOP;
  return followsFreely(state.task.status.coe.fsuid, link, statFd(state.at)) ? 0 : E.ACCES;
}

/** A link that the kernel follows without text. */
function jump(state: Walk, name: Buffer): number {
  if ((state.flags & RESOLVE.NO_MAGICLINKS) !== 0n) return E.LOOP;
  if ((state.flags & (RESOLVE.BENEATH | RESOLVE.IN_ROOT)) !== 0n) return E.XDEV;
  const object = openHere(state, name, 0, 0n);
  return object < 0 ? -object : moveTo(state, object);
}

function follow(state: Walk, target: Buffer): number {
  state.left.unshift(...split(target));
  if (target[0] !== SLASH) return 0;
  if ((state.flags & RESOLVE.BENEATH) !== 0n) return E.XDEV;
  const root = copy(state.root);
  return root < 0 ? -root : moveTo(state, root);
}

/** Text of a symlink with its NUL; "magic" for one without text of its own (/proc/PID/exe, fd/N, cwd, ...). */
function linkTarget(
  state: Walk,
  name: Buffer,
  fd: number,
  stat: Stat,
): Buffer | "magic" | undefined {
  if (filesystemOf(fd, stat).magic === FsMagic.proc) {
    const own = ownLink(state, name);
    if (own !== undefined) return own === "" ? undefined : Buffer.from(`${own}\0`, "latin1");
    const plain = openHere(state, name, 0, RESOLVE.NO_MAGICLINKS);
    if (plain === -E.LOOP) return "magic";
    if (plain >= 0) sys().close(plain);
  }
  const size = sys().readlinkat(fd, EMPTY, linkBuffer, 4096);
  if (size <= 0) return undefined;
  linkBuffer[size] = 0;
  return Buffer.from(linkBuffer.subarray(0, size + 1));
}

/** /proc/self and /proc/thread-self mean the task, not the agent that looks. "": the task is not in this /proc. */
function ownLink(state: Walk, name: Buffer): string | undefined {
  const text = name.toString("latin1", 0, name.length - 1);
  if (text !== "self" && text !== "thread-self") return undefined;
  if (statFd(state.at)?.ino !== PROC_ROOT_INO) return undefined;
  const own = ownNumber(state.task, state.at);
  if (own === undefined) return "";
  return text === "self" ? `${own.tgid}` : `${own.tgid}/task/${own.tid}`;
}
