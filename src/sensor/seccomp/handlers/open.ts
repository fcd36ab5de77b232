// SPDX-License-Identifier: Apache-2.0
// Opens: decided on a descriptor that the agent has opened as the task would, which is then installed in the task.
// Only what can not be opened for somebody else (terminals, FIFOs, devices) goes on in the task itself.
import { posix } from "node:path";
import { errno } from "../../../native/libc.ffi.ts";
import { sys } from "../../../native/syscalls.ffi.ts";
import type { Acting } from "../agent-self.ts";
import type { Call } from "../call.ts";
import type { PlannedCreation } from "../objects.ts";
import { AT, E, O, eventFlags } from "../../file/open-flags.ts";
import { opensFreely } from "../protections.ts";
import { CONTINUE, REFUSED, type Reply, fail } from "../reply.ts";
import { type Resolved, resolve, resolveParent } from "../resolve.ts";
import {
  FileType,
  FsMagic,
  type Stat,
  fdName,
  filesystemOf,
  ownFdDirectory,
  pathOfFd,
  statAt,
  statFd,
} from "../../file/stat.ts";
import { mayBeRewritten } from "../shared-memory.ts";
import { textOf } from "../text.ts";
import { umaskOf } from "../umask.ts";
import { Unseen } from "../../file/unseen.ts";
import { isDeviceForAll } from "./device.ts";
import { type OpenRequest, endsWithSlash, readRequest } from "./open-request.ts";

const S_IFREG = 0x8000;
const ATTR_SIZE_FILE_OPEN = 0x8 | 0x2000 | 0x8000;
const MAX_RACES = 3;
const F_SETFL = 4;
/** open, creat, openat, openat2. */
export function open(call: Call): Reply {
  const request = readRequest(call);
  if (typeof request === "number") return fail(request);
  if ((request.flags & O.PATH) !== 0) return openPathOnly(call, request);
  const acting = call.acting();
  for (let attempt = 0; attempt < MAX_RACES; attempt++) {
    const reply = call.as(acting, () => openOnce(call, request, acting));
    if (reply !== undefined) return reply;
  }
  return fail(E.EXIST); // created and removed by others under every try
}

/**
 * No hook is called for it, and it gives no access. But openat2 reads its flags from memory, and the kernel installs no
 * descriptors of O_PATH for the agent. Where others could rewrite the flags it is as if there were no openat2, for which
 * programs are prepared: a check afterwards comes too late for what was read meanwhile.
 */
function openPathOnly(call: Call, request: OpenRequest): Reply {
  if (!request.inMemory) return CONTINUE;
  if (mayBeRewritten(call.task, call.u64(call.rule.at.flags ?? 0))) return fail(E.NOSYS);
  call.expectPathOnly();
  return CONTINUE;
}

function openOnce(call: Call, request: OpenRequest, acting: Acting): Reply | undefined {
  const { flags } = request;
  const creating = (flags & O.CREAT) !== 0;
  const exclusive = creating && (flags & O.EXCL) !== 0;
  if (creating && endsWithSlash(request.path)) return slashed(call, request, acting);
  const target = resolve(call.origin(request.dirfd), request.path, {
    follow: (flags & O.NOFOLLOW) === 0 && !exclusive,
    creating,
    flags: request.resolveFlags,
  });
  if (target.kind === "error") return notFound(call, request, target.errno, acting);
  if (target.kind === "missing") return create(call, request, acting, target);
  try {
    if (exclusive) return fail(E.EXIST);
    const refused = typeError(flags, target.stat);
    if (refused !== 0) return fail(refused);
    if (acting === "no" || !injectable(call, target, flags)) return openInTask(call, target, flags);
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
  if (!directory && (flags & O.DIRECTORY) !== 0) return E.NOTDIR;
  if (stat.type === FileType.symlink) return E.LOOP;
  const changing = (flags & (O.ACCMODE | O.CREAT | O.TRUNC)) !== 0;
  return directory && changing && (flags & O.TMPFILE) === 0 ? E.ISDIR : 0;
}

/** "name/" with O_CREAT: the way to it has to be there, then it is EISDIR. */
function slashed(call: Call, request: OpenRequest, acting: Acting): Reply {
  const parent = resolveParent(call.origin(request.dirfd), request.path);
  if (parent.kind === "error") return call.unresolved(parent.errno, acting);
  sys().close(parent.dirFd);
  return fail(E.ISDIR);
}

/** The kernel looks settings up in the caller's own namespaces: what is missing in the agent's may be there in the task's. */
function notFound(call: Call, { path }: OpenRequest, error: number, acting: Acting): Reply {
  if (!call.task.process.view.sameSettings && path.includes("sys/"))
    throw new Unseen("unresolvable-path", "a setting of another namespace");
  return call.unresolved(error, acting);
}

/** Whether a file is the same for whoever opens it, and is opened without waiting. */
function injectable(call: Call, { fd, stat }: FoundObject, flags: number): boolean {
  switch (stat.type) {
    case FileType.regular:
    case FileType.directory:
      return filesystemOf(fd, stat).magic !== FsMagic.proc || procForAll(call, fd);
    case FileType.fifo:
      return (flags & O.NONBLOCK) !== 0 || (flags & O.ACCMODE) !== 0;
    case FileType.character:
      return isDeviceForAll(call, stat, flags);
    default:
      return false;
  }
}

/** Files of /proc that mean the same whoever opens them: not memory (others may trace more than the task may), not settings. */
function procForAll(call: Call, fd: number): boolean {
  const path = pathOfFd(fd);
  if (path.endsWith("/mem")) return false;
  return call.task.process.view.sameSettings || !path.startsWith("/proc/sys/");
}

/** Opens the very object that was resolved, decides, truncates, and hands the descriptor over. */
function openForTask(call: Call, target: FoundObject, flags: number): Reply {
  const { stat } = target;
  if ((flags & O.CREAT) !== 0 && !mayOpenExisting(call, target)) return fail(E.ACCES);
  const keep = flags & ~(O.CREAT | O.EXCL | O.NOFOLLOW | O.TRUNC);
  // never waits here: for whoever holds a lease on the file, or for a reader of a FIFO, only the task may
  const mayWait = stat.type === FileType.regular || stat.type === FileType.fifo;
  const now = mayWait ? O.NONBLOCK : 0;
  const fd = sys().openat(
    ownFdDirectory(),
    fdName(target.fd),
    keep | now | O.CLOEXEC | O.NOCTTY,
    0,
  );
  if (fd < 0) return onlyInTask(call, target, errno(), flags);
  if ((keep & O.NONBLOCK) !== now) sys().fcntl(fd, F_SETFL, keep);
  return handOver(fd, (flags & O.CLOEXEC) !== 0, () => {
    const refusal = decideOpen(call, fd, stat, flags);
    if (refusal !== undefined || (flags & O.TRUNC) === 0 || stat.type !== FileType.regular)
      return refusal;
    return truncate(call, fd, stat, flags);
  });
}

/** Gives the task a descriptor unless `decide` replies otherwise or throws: then the descriptor is closed. */
function handOver(fd: number, cloexec: boolean, decide: () => Reply | undefined): Reply {
  let reply: Reply = REFUSED;
  try {
    reply = decide() ?? { kind: "fd", fd, cloexec };
  } finally {
    if (reply.kind !== "fd") sys().close(fd);
  }
  return reply;
}

/** A lease, a FIFO that nobody reads yet, or a file of /proc that only its own process may open. */
function onlyInTask(call: Call, target: FoundObject, error: number, flags: number): Reply {
  const lease = (error === E.AGAIN || error === E.NXIO) && (flags & O.NONBLOCK) === 0;
  const own = error === E.ACCES && filesystemOf(target.fd, target.stat).magic === FsMagic.proc;
  return lease || own ? openInTask(call, target, flags) : fail(error);
}

/** fs.protected_regular, which looks at O_CREAT: the agent opens without it. */
function mayOpenExisting(call: Call, { fd, stat }: FoundObject): boolean {
  const { fsuid } = call.task.status.coe;
  if (stat.type !== FileType.regular || stat.uid === fsuid) return true;
  const directory = Buffer.from(`${posix.dirname(pathOfFd(fd))}\0`);
  return opensFreely(fsuid, stat, statAt(AT.FDCWD, directory, 0));
}

function decideOpen(call: Call, fd: number, stat: Stat, flags: number): Reply | undefined {
  const use = { hook: "file_open", flags: eventFlags(flags) } as const;
  const file = call.bench.objects.file(call.task.process, fd, stat, use);
  const refusal = call.refusal("file_open", { file });
  if (refusal !== undefined || !call.bench.policy.enforcing) return refusal;
  return reachesAgent(call, file.path.pathname, flags) ? REFUSED : undefined;
}

/** Memory and controls of the orchestrator's own processes stay closed, whatever a model with debuggers in it says. */
function reachesAgent(call: Call, pathname: string, flags: number): boolean {
  const match = /^\/proc\/(\d+)\/(?:task\/\d+\/)?(.*)$/.exec(pathname);
  if (match === null || !call.bench.protectedPids.has(Number(match[1]))) return false;
  return (flags & O.ACCMODE) !== 0 || match[2] === "mem";
}

function truncate(call: Call, fd: number, stat: Stat, flags: number): Reply | undefined {
  const attr = { valid: ATTR_SIZE_FILE_OPEN, mode: 0, uid: 0, gid: 0, size: 0n };
  const dentry = call.bench.objects.dentry(call.task.process, fd, stat);
  const refusal = call.refusal("inode_setattr", { dentry, attr });
  if (refusal !== undefined) return refusal;
  const writable = (flags & O.ACCMODE) !== 0;
  // O_RDONLY|O_TRUNC truncates too: the same inode, opened once more for its effect
  const writer = writable
    ? fd
    : sys().openat(ownFdDirectory(), fdName(fd), O.RDWR | O.CLOEXEC | O.NONBLOCK, 0);
  if (writer < 0) return fail(errno());
  const finish = (): number => {
    const error = sys().ftruncate(writer, 0) === 0 ? 0 : errno();
    if (!writable) sys().close(writer);
    return error;
  };
  // what is cut stays cut: first the task must have a descriptor left
  const cloexec = (flags & O.CLOEXEC) !== 0;
  if (stat.size > 0n && writable) return { kind: "fd", fd, cloexec, finish };
  const error = finish();
  return error === 0 ? undefined : fail(error);
}

/** What only the task can open: decided on what its path leads to now, and checked afterwards where that can change. */
function openInTask(call: Call, target: FoundObject, flags: number): Reply {
  const refusal = decideOpen(call, target.fd, target.stat, flags);
  if (refusal !== undefined) return refusal;
  call.expectOpened(target.stat, pathOfFd(target.fd));
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
  return finishCreated(call, fd, request.flags, plan);
}

function create(
  call: Call,
  request: OpenRequest,
  acting: Acting,
  target: MissingObject,
): Reply | undefined {
  const { dirFd, name } = target;
  let kept = false;
  try {
    const plan = planCreation(call, request, target);
    if ("kind" in plan) return plan;
    if (acting === "no") {
      call.expectCreated(join(pathOfFd(dirFd), name), plan.done);
      return CONTINUE;
    }
    const flags = (request.flags | O.CREAT | O.EXCL | O.CLOEXEC) & ~O.TRUNC;
    const fd = withUmask(call, () => sys().openat(dirFd, name, flags, request.mode));
    if (fd < 0) {
      const error = errno();
      return error === E.EXIST && (request.flags & O.EXCL) === 0 ? undefined : fail(error);
    }
    const reply = finishCreated(call, fd, request.flags, plan);
    if (reply.kind !== "fd") return reply;
    kept = true;
    return { ...reply, release: (installed) => afterCreation(call, fd, target, installed) };
  } finally {
    if (!kept) sys().close(dirFd);
  }
}

/** Asks whether the file may be made. */
function planCreation(
  call: Call,
  request: OpenRequest,
  { dirFd, name }: MissingObject,
): PlannedCreation | Reply {
  const { objects } = call.bench;
  const dirStat = statFd(dirFd);
  if (dirStat === undefined) return fail(E.NOENT);
  const plan = objects.plan(call.task.process, dirFd, name);
  const mode = S_IFREG | (request.mode & ~umaskOf(call.task));
  const dir = objects.inode(dirFd, dirStat);
  return call.refusal("inode_create", { dir, dentry: { path: plan.path }, mode }) ?? plan;
}

/** A task without a descriptor left gets its error, and the file was never there. */
function afterCreation(call: Call, fd: number, target: MissingObject, installed: boolean): void {
  const { dirFd, name } = target;
  const made = installed ? undefined : statFd(fd);
  if (made !== undefined && statAt(dirFd, name, AT.SYMLINK_NOFOLLOW)?.key === made.key) {
    sys().unlinkat(dirFd, name, 0);
    call.bench.objects.removed(made);
  }
  sys().close(dirFd);
}

function finishCreated(call: Call, fd: number, flags: number, plan: PlannedCreation): Reply {
  return handOver(fd, (flags & O.CLOEXEC) !== 0, () => {
    const stat = statFd(fd);
    if (stat === undefined) return fail(E.BADF);
    plan.done(stat);
    const use = { hook: "file_open", flags: eventFlags(flags) } as const;
    const file = call.bench.objects.file(call.task.process, fd, stat, use);
    const path = { ...file.path, pathname: plan.path.pathname };
    return call.refusal("file_open", { file: { ...file, path } });
  });
}

function join(directory: string, name: Buffer): string {
  return `${directory.replace(/\/$/, "")}/${textOf(name)}`;
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
