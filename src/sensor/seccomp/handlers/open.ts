// SPDX-License-Identifier: Apache-2.0
// Opens: decided on a descriptor that the agent has opened as the task would, which is then installed in the task.
// Only what can not be opened for somebody else (terminals, FIFOs, devices) goes on in the task itself.
import { errno } from "../../../native/libc.ffi.ts";
import { sys } from "../../../native/syscalls.ffi.ts";
import type { Acting } from "../agent-self.ts";
import type { Call } from "../call.ts";
import { E, O, eventFlags } from "../open-flags.ts";
import { CONTINUE, REFUSED, type Reply, fail } from "../reply.ts";
import { type Resolved, resolve } from "../resolve.ts";
import { FileType, type Stat, fdName, ownFdDirectory, statFd } from "../stat.ts";
import { umaskOf } from "../umask.ts";

/** Character devices that any process may open alike: null, zero, full, random, urandom (major 1). */
const PLAIN_DEVICES = new Set([3, 5, 7, 8, 9]);
const MEMORY_MAJOR = 1;
const S_IFREG = 0x8000;
const ATTR_SIZE_FILE_OPEN = 0x8 | 0x2000 | 0x8000;
const MAX_RACES = 3;
/** struct open_how as far as it is known here. */
const OPEN_HOW_SIZE = 24;
const CREAT_FLAGS = O.CREAT | O.WRONLY | O.TRUNC;

interface OpenRequest {
  readonly path: Buffer;
  readonly dirfd: number | undefined;
  readonly flags: number;
  readonly mode: number;
  readonly resolveFlags: bigint;
}

/** open, creat, openat, openat2. */
export function open(call: Call): Reply {
  const request = readRequest(call);
  if (typeof request === "number") return fail(request);
  if ((request.flags & O.PATH) !== 0) return CONTINUE; // no hook is called for it, and it gives no access
  const acting = call.acting();
  for (let attempt = 0; attempt < MAX_RACES; attempt++) {
    const reply = call.as(acting, () => openOnce(call, request, acting));
    if (reply !== undefined) return reply;
  }
  return fail(E.EXIST); // created and removed by others under every try
}

function readRequest(call: Call): OpenRequest | number {
  const { at, variant } = call.rule;
  const path = call.string(at.path ?? 0);
  if (typeof path === "number") return path;
  if (variant === "how") return readHow(call, path);
  const flags = variant === "creat" ? CREAT_FLAGS : call.u32(at.flags ?? 0);
  const mode = call.u32(at.mode ?? 0) & 0o7777;
  return { path, dirfd: at.dirfd, flags, mode, resolveFlags: 0n };
}

function readHow(call: Call, path: Buffer): OpenRequest | number {
  const { at } = call.rule;
  const size = call.u64(at.size ?? 0);
  if (size < BigInt(OPEN_HOW_SIZE)) return E.INVAL;
  const how = call.bytes(at.flags ?? 0, OPEN_HOW_SIZE);
  if (typeof how === "number") return how;
  const flags = Number(how.readBigUInt64LE(0) & 0xffffffffn);
  const mode = Number(how.readBigUInt64LE(8) & 0o7777n);
  return { path, dirfd: at.dirfd, flags, mode, resolveFlags: how.readBigUInt64LE(16) };
}

function openOnce(call: Call, request: OpenRequest, acting: Acting): Reply | undefined {
  const { flags } = request;
  const creating = (flags & O.CREAT) !== 0;
  const exclusive = creating && (flags & O.EXCL) !== 0;
  const target = resolve(call.origin(request.dirfd), request.path, {
    follow: (flags & O.NOFOLLOW) === 0 && !exclusive,
    creating,
    flags: request.resolveFlags,
  });
  if (target.kind === "error") return call.unresolved(target.errno, acting);
  if (target.kind === "missing") return create(call, request, acting, target);
  try {
    if (exclusive) return fail(E.EXIST);
    const refused = typeError(flags, target.stat);
    if (refused !== 0) return fail(refused);
    if (acting === "no" || !injectable(target.stat)) return openInTask(call, target, flags);
    if ((flags & O.TMPFILE) !== 0) return openTemporary(call, request, target);
    return openForTask(call, target, flags);
  } finally {
    sys().close(target.fd);
  }
}

type FoundObject = Extract<Resolved, { kind: "found" }>;
type MissingObject = Extract<Resolved, { kind: "missing" }>;

function typeError(flags: number, stat: Stat): number {
  const directory = stat.type === FileType.directory;
  if (stat.type === FileType.symlink) return E.LOOP;
  if (!directory && (flags & O.DIRECTORY) !== 0) return E.NOTDIR;
  if (directory && (flags & O.TMPFILE) === 0 && (flags & (O.ACCMODE | O.CREAT)) !== 0)
    return E.ISDIR;
  return 0;
}

function injectable(stat: Stat): boolean {
  if (stat.type === FileType.regular || stat.type === FileType.directory) return true;
  return (
    stat.type === FileType.character &&
    stat.rdevMajor === MEMORY_MAJOR &&
    PLAIN_DEVICES.has(stat.rdevMinor)
  );
}

/** Opens the very object that was resolved, decides, truncates, and hands the descriptor over. */
function openForTask(call: Call, target: FoundObject, flags: number): Reply {
  const keep = flags & ~(O.CREAT | O.EXCL | O.NOFOLLOW | O.TRUNC);
  const fd = sys().openat(ownFdDirectory(), fdName(target.fd), keep | O.CLOEXEC | O.NOCTTY, 0);
  if (fd < 0) return fail(errno());
  const refusal =
    decideOpen(call, fd, target.stat, flags) ?? truncate(call, fd, target.stat, flags);
  if (refusal === undefined) return { kind: "fd", fd, cloexec: (flags & O.CLOEXEC) !== 0 };
  sys().close(fd);
  return refusal;
}

function decideOpen(call: Call, fd: number, stat: Stat, flags: number): Reply | undefined {
  const use = { hook: "file_open", flags: eventFlags(flags) } as const;
  const file = call.bench.objects.file(call.task.process, fd, stat, use);
  const refusal = call.refusal("file_open", { file });
  if (refusal !== undefined || !call.bench.enforcing) return refusal;
  return reachesAgent(call, file.path.pathname, flags) ? REFUSED : undefined;
}

/** Memory and controls of the orchestrator's own processes stay closed, whatever a model with debuggers in it says. */
function reachesAgent(call: Call, pathname: string, flags: number): boolean {
  const match = /^\/proc\/(\d+)\/(?:task\/\d+\/)?(.*)$/.exec(pathname);
  if (match === null || !call.bench.protectedPids.has(Number(match[1]))) return false;
  return (flags & O.ACCMODE) !== 0 || match[2] === "mem";
}

function truncate(call: Call, fd: number, stat: Stat, flags: number): Reply | undefined {
  if ((flags & O.TRUNC) === 0 || stat.type !== FileType.regular) return undefined;
  const attr = { valid: ATTR_SIZE_FILE_OPEN, mode: 0, uid: 0, gid: 0, size: 0n };
  const dentry = call.bench.objects.dentry(call.task.process, fd, stat);
  const refusal = call.refusal("inode_setattr", { dentry, attr });
  if (refusal !== undefined) return refusal;
  const writable = (flags & O.ACCMODE) !== 0;
  if (writable) return sys().ftruncate(fd, 0) === 0 ? undefined : fail(errno());
  // O_RDONLY|O_TRUNC truncates too: the same inode, opened once more for its effect
  const again = sys().openat(ownFdDirectory(), fdName(fd), O.RDWR | O.TRUNC | O.CLOEXEC, 0);
  if (again < 0) return fail(errno());
  sys().close(again);
  return undefined;
}

/** What only the task can open: decided on what its path leads to now, and checked afterwards where that can change. */
function openInTask(call: Call, target: FoundObject, flags: number): Reply {
  const refusal = decideOpen(call, target.fd, target.stat, flags);
  if (refusal !== undefined) return refusal;
  call.expectOpened(target.stat);
  return CONTINUE;
}

function openTemporary(call: Call, request: OpenRequest, target: FoundObject): Reply {
  const { objects } = call.bench;
  const plan = objects.plan(call.task.process, target.fd, Buffer.from("#tmpfile\0"));
  const flags = (request.flags & ~O.NOFOLLOW) | O.CLOEXEC;
  const fd = withUmask(call, () =>
    sys().openat(target.fd, Buffer.from(".\0"), flags, request.mode),
  );
  if (fd < 0) return fail(errno());
  return finishCreated(call, fd, request.flags, plan.done, plan.path);
}

function create(
  call: Call,
  request: OpenRequest,
  acting: Acting,
  target: MissingObject,
): Reply | undefined {
  const { objects } = call.bench;
  const { process } = call.task;
  try {
    const dirStat = statFd(target.dirFd);
    if (dirStat === undefined) return fail(E.NOENT);
    const plan = objects.plan(process, target.dirFd, target.name);
    const mode = S_IFREG | (request.mode & ~umaskOf(call.task));
    const dir = objects.inode(target.dirFd, dirStat);
    const refusal = call.refusal("inode_create", { dir, dentry: { path: plan.path }, mode });
    if (refusal !== undefined) return refusal;
    if (acting === "no") return CONTINUE;
    const flags = (request.flags | O.CREAT | O.EXCL | O.NOFOLLOW | O.CLOEXEC) & ~O.TRUNC;
    const fd = withUmask(call, () => sys().openat(target.dirFd, target.name, flags, request.mode));
    if (fd >= 0) return finishCreated(call, fd, request.flags, plan.done, plan.path);
    const error = errno();
    return error === E.EXIST && (request.flags & O.EXCL) === 0 ? undefined : fail(error);
  } finally {
    sys().close(target.dirFd);
  }
}

function finishCreated(
  call: Call,
  fd: number,
  flags: number,
  done: (stat: Stat) => void,
  path: { readonly pathname: string },
): Reply {
  const stat = statFd(fd);
  if (stat === undefined) return fail(E.BADF);
  done(stat);
  const use = { hook: "file_open", flags: eventFlags(flags) } as const;
  const file = call.bench.objects.file(call.task.process, fd, stat, use);
  const named = { ...file, path: { ...file.path, pathname: path.pathname } };
  const refusal = call.refusal("file_open", { file: named });
  if (refusal === undefined) return { kind: "fd", fd, cloexec: (flags & O.CLOEXEC) !== 0 };
  sys().close(fd);
  return refusal;
}

/** The kernel applies the thread's umask (and a directory's default ACL): lend it the task's. */
export function withUmask<T>(call: Call, work: () => T): T {
  sys().umask(umaskOf(call.task));
  try {
    return work();
  } finally {
    sys().umask(0);
  }
}
