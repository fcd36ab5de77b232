// SPDX-License-Identifier: Apache-2.0
// Attributes of what exists: mode, owner, size, extended attributes. By path they are performed by the agent on the
// object it has resolved; by descriptor they go on in the task (the descriptor names the object already).
import { textOf } from "../text.ts";
import { constants } from "node:os";
import { errno } from "../../../native/libc.ffi.ts";
import { sys } from "../../../native/syscalls.ffi.ts";
import type { Call } from "../call.ts";
import { MAX_VALUE } from "../limits.ts";
import { readProc } from "../proc.ts";
import { AT, E, O } from "../../file/open-flags.ts";
import { CONTINUE, OK, type Reply, fail } from "../reply.ts";
import { type Resolved, openTaskFd, resolve } from "../resolve.ts";
import { copyFd } from "../sockets.ts";
import { FileType, type Stat, fdName, ownFdDirectory, statFd } from "../../file/stat.ts";

type FoundObject = Extract<Resolved, { kind: "found" }>;

/** ATTR_* of include/linux/fs.h. ATTR_CTIME comes with every change. */
const ATTR = { MODE: 1, UID: 2, GID: 4, SIZE: 8, CTIME: 0x40 } as const;
const UNCHANGED = 0xffffffff;
/** Sizes are signed, and exact as numbers only up to here; no filesystem holds larger files. */
const MAX_OFFSET = BigInt(Number.MAX_SAFE_INTEGER);
const MAX_SIGNED = 0x7fffffffffffffffn;
const E2BIG = constants.errno.E2BIG;
const ERANGE = constants.errno.ERANGE;
/** XATTR_NAME_MAX. */
const MAX_NAME = 255;

/**
 * How a call is carried out once it is allowed: by the agent on the resolved object, by the agent on its copy of the
 * task's descriptor, or by the task itself.
 */
type Way = "object" | "copy" | "task";
type Work = (object: FoundObject, way: Way) => Reply;

function withObject(call: Call, follow: boolean, work: Work): Reply {
  const { at } = call.rule;
  if (at.fd !== undefined) return withTaskFd(call, call.i32(at.fd), work);
  const path = call.string(at.path ?? 0);
  if (typeof path === "number") return fail(path);
  const flags = at.flags === undefined ? 0 : call.u32(at.flags);
  if ((flags & ~(AT.EMPTY_PATH | AT.SYMLINK_NOFOLLOW)) !== 0) return fail(E.INVAL);
  if (path.length === 1 && (flags & AT.EMPTY_PATH) !== 0 && at.dirfd !== undefined) {
    // unlike the f... calls these take descriptors of O_PATH too
    return withTaskFd(call, call.i32(at.dirfd), (object, way) =>
      work(object, way === "copy" ? "object" : way),
    );
  }
  const acting = call.acting();
  const followed = follow && (flags & AT.SYMLINK_NOFOLLOW) === 0;
  return call.as(acting, () => {
    const object = resolve(call.origin(at.dirfd), path, { follow: followed });
    if (object.kind === "found") return finish(object, work, acting === "no" ? "task" : "object");
    return call.unresolved(object.kind === "error" ? object.errno : E.NOENT, acting);
  });
}

/** A copy of the descriptor stays what was decided on, whatever the task puts behind the number meanwhile. */
function withTaskFd(call: Call, fd: number, work: Work): Reply {
  const copy = call.acting() === "same" ? copyFd(call.task.process, fd) : -1;
  const stat = copy < 0 ? undefined : statFd(copy);
  if (stat !== undefined) return finish({ kind: "found", fd: copy, stat }, work, "copy");
  const object = openTaskFd(call.task, fd);
  return object.kind === "found" ? finish(object, work, "task") : call.noDescriptor(object);
}

function finish(object: FoundObject, work: Work, way: Way): Reply {
  try {
    return work(object, way);
  } finally {
    sys().close(object.fd);
  }
}

interface Change {
  readonly valid: number;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: bigint;
}

function refusalOf(call: Call, object: FoundObject, change: Change): Reply | undefined {
  const dentry = call.bench.objects.dentry(call.task.process, object.fd, object.stat);
  const { valid, mode = 0, uid = 0, gid = 0, size = 0n } = change;
  return call.refusal("inode_setattr", { dentry, attr: { valid, mode, uid, gid, size } });
}

const result = (status: number): Reply => (status === 0 ? OK : fail(errno()));

/** "/proc/self/fd/N" of this thread: names the resolved object itself for calls that take only paths. */
function pathOf(fd: number): Buffer {
  return Buffer.from(`/proc/thread-self/fd/${fd}\0`, "latin1");
}

/** chmod, fchmod, fchmodat, fchmodat2. */
export function chmod(call: Call): Reply {
  return withObject(call, true, (object, way) => {
    const mode = (object.stat.mode & 0xf000) | (call.u32(call.rule.at.mode ?? 1) & 0o7777);
    const refusal = refusalOf(call, object, { valid: ATTR.MODE | ATTR.CTIME, mode });
    if (refusal !== undefined) return refusal;
    if (way === "copy") return result(sys().fchmod(object.fd, mode & 0o7777));
    if (way === "task" || object.stat.type === FileType.symlink) return CONTINUE;
    return result(sys().chmod(pathOf(object.fd), mode & 0o7777));
  });
}

/** chown, lchown, fchown, fchownat. */
export function chown(call: Call): Reply {
  const { at, variant } = call.rule;
  return withObject(call, variant !== "nofollow", (object, way) => {
    const uid = call.u32(at.value ?? 1);
    const gid = call.u32(at.id ?? 2);
    const refusal = refusalOf(call, object, ownerChange(uid, gid));
    if (refusal !== undefined) return refusal;
    if (way === "copy") return result(sys().fchown(object.fd, uid, gid));
    if (way === "task") return CONTINUE;
    return result(sys().fchownat(object.fd, Buffer.from("\0"), uid, gid, AT.EMPTY_PATH));
  });
}

function ownerChange(uid: number, gid: number): Change {
  const change = { valid: ATTR.CTIME as number, uid: 0, gid: 0 };
  if (uid !== UNCHANGED) Object.assign(change, { valid: change.valid | ATTR.UID, uid });
  if (gid !== UNCHANGED) Object.assign(change, { valid: change.valid | ATTR.GID, gid });
  return change;
}

/** truncate, ftruncate. */
export function truncate(call: Call): Reply {
  return withObject(call, true, (object, way) => {
    const size = call.u64(call.rule.at.size ?? 1);
    const change = { valid: ATTR.SIZE | ATTR.CTIME, size };
    return refusalOf(call, object, change) ?? resize(call, object, way, size);
  });
}

function resize(call: Call, object: FoundObject, way: Way, size: bigint): Reply {
  if (way === "task" || beyondLimit(call, object.stat, size)) return CONTINUE;
  if (size > MAX_OFFSET) return fail(size > MAX_SIGNED ? E.INVAL : E.FBIG);
  if (way === "object") return truncateTo(object.fd, object.stat, size);
  return result(sys().ftruncate(object.fd, Number(size)));
}

/** The limit of file sizes is the task's: beyond it the kernel fails the task's call, whatever it is about by then. */
function beyondLimit(call: Call, stat: Stat, size: bigint): boolean {
  return size > stat.size && size <= MAX_OFFSET && size > fileSizeLimit(call.task.process.tgid);
}

/** RLIMIT_FSIZE of a process (bytes). */
function fileSizeLimit(tgid: number): bigint {
  const soft = /^Max file size +(\d+|unlimited)/m.exec(readProc(`/proc/${tgid}/limits`) ?? "")?.[1];
  return soft === undefined || soft === "unlimited" ? MAX_SIGNED : BigInt(soft);
}

function truncateTo(fd: number, stat: Stat, size: bigint): Reply {
  if (stat.type === FileType.directory) return fail(E.ISDIR);
  if (stat.type !== FileType.regular) return fail(E.INVAL);
  const writer = sys().openat(ownFdDirectory(), fdName(fd), O.WRONLY | O.CLOEXEC | O.NONBLOCK, 0);
  // somebody holds a lease: only the task can wait until it is given up
  if (writer < 0 && errno() === E.AGAIN) return CONTINUE;
  if (writer < 0) return fail(errno());
  const status = sys().ftruncate(writer, Number(size));
  const reply = result(status);
  sys().close(writer);
  return reply;
}

/** The name argument, or the errno that the kernel would give. */
function attributeName(call: Call): Buffer | number {
  const name = call.string(call.rule.at.name ?? 1, 1);
  if (name === E.NAMETOOLONG) return ERANGE;
  return typeof name === "object" && name.length > MAX_NAME + 1 ? ERANGE : name;
}

/** setxattr, lsetxattr, fsetxattr. */
export function setxattr(call: Call): Reply {
  const { at, variant } = call.rule;
  const name = attributeName(call);
  if (typeof name === "number") return fail(name);
  const size = call.u64(at.size ?? 3);
  if (size > BigInt(MAX_VALUE)) return fail(E2BIG);
  const value = call.bytes(at.value ?? 2, Number(size));
  if (typeof value === "number") return fail(value);
  const flags = call.u32(at.mode ?? 4);
  return withObject(call, variant !== "nofollow", (object, way) => {
    const dentry = call.bench.objects.dentry(call.task.process, object.fd, object.stat);
    const text = textOf(name);
    const cell = { dentry, name: text, value: value.toString("base64"), flags };
    const refusal = call.refusal("inode_setxattr", cell);
    if (refusal !== undefined) return refusal;
    if (way === "copy") return result(sys().fsetxattr(object.fd, name, value, value.length, flags));
    if (way === "task" || object.stat.type === FileType.symlink) return CONTINUE;
    return result(sys().setxattr(pathOf(object.fd), name, value, value.length, flags));
  });
}

/** removexattr, lremovexattr, fremovexattr. */
export function removexattr(call: Call): Reply {
  const { variant } = call.rule;
  const name = attributeName(call);
  if (typeof name === "number") return fail(name);
  return withObject(call, variant !== "nofollow", (object, way) => {
    const dentry = call.bench.objects.dentry(call.task.process, object.fd, object.stat);
    const refusal = call.refusal("inode_removexattr", {
      dentry,
      name: textOf(name),
    });
    if (refusal !== undefined) return refusal;
    if (way === "copy") return result(sys().fremovexattr(object.fd, name));
    if (way === "task" || object.stat.type === FileType.symlink) return CONTINUE;
    return result(sys().removexattr(pathOf(object.fd), name));
  });
}
