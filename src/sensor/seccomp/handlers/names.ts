// SPDX-License-Identifier: Apache-2.0
// Names made, moved and removed: mkdir, mknod, symlink, link, rename, unlink, rmdir. Performed by the agent on the
// directory it has resolved, so that nobody can change what was decided on; where it may not act for the task,
// the call goes on in the task.
import { textOf } from "../text.ts";
import { errno } from "../../../native/libc.ffi.ts";
import { sys } from "../../../native/syscalls.ffi.ts";
import type { Acting } from "../agent-self.ts";
import type { Call } from "../call.ts";
import type { PlannedCreation } from "../objects.ts";
import { AT, E } from "../../file/open-flags.ts";
import { CONTINUE, OK, type Reply, fail } from "../reply.ts";
import { resolveParent } from "../resolve.ts";
import { FileType, type Stat, statAt, statFd } from "../../file/stat.ts";
import { umaskOf } from "../umask.ts";
import { withUmask } from "./open.ts";
import { type NameRef, closeName, describeName, isMountPoint, openName } from "./name-ref.ts";
import { linkSource } from "./link-source.ts";

const S_IFMT = 0xf000;
const S_IFREG = 0x8000;
const S_IFDIR = 0x4000;
/** What mknod makes: regular files, devices, FIFOs, sockets. */
const NODE_TYPES: ReadonlySet<number> = new Set([S_IFREG, 0x2000, 0x6000, 0x1000, 0xc000]);
const RENAME = { NOREPLACE: 1, EXCHANGE: 2, WHITEOUT: 4 } as const;
const DOT = 46;
const SLASH = 47;

/** Resolves the parent of a path argument, then does `work` as the task. */
function withParent(
  call: Call,
  dirfd: number | undefined,
  path: Buffer,
  work: (dirFd: number, name: Buffer, dirStat: Stat, acting: Acting) => Reply,
): Reply {
  const acting = call.acting();
  return call.as(acting, () => {
    const parent = resolveParent(call.origin(dirfd), path);
    if (parent.kind === "error") return call.unresolved(parent.errno, acting);
    try {
      const stat = statFd(parent.dirFd);
      return stat === undefined ? fail(E.NOENT) : work(parent.dirFd, parent.name, stat, acting);
    } finally {
      sys().close(parent.dirFd);
    }
  });
}

const result = (status: number): Reply => (status === 0 ? OK : fail(errno()));

/** "." and "..", slashes behind them or not: they exist whatever stat says. */
function isDots(name: Buffer): boolean {
  const end = name.findIndex((byte) => byte === SLASH || byte === 0);
  return (end === 1 || end === 2) && name[0] === DOT && name[end - 1] === DOT;
}

/** mkdir, mkdirat. */
export function mkdir(call: Call): Reply {
  const { at } = call.rule;
  const path = call.string(at.path ?? 0);
  if (typeof path === "number") return fail(path);
  return withParent(call, at.dirfd, path, (dirFd, name, dirStat, acting) => {
    if (exists(dirFd, name)) return fail(E.EXIST);
    const { objects } = call.bench;
    const plan = objects.plan(call.task.process, dirFd, name);
    const wanted = call.u32(at.mode ?? 1) & 0o7777;
    const mode = wanted & ~umaskOf(call.task);
    const dir = objects.inode(dirFd, dirStat);
    const refusal = call.refusal("inode_mkdir", { dir, dentry: { path: plan.path }, mode });
    if (refusal !== undefined) return refusal;
    if (acting === "no") return CONTINUE;
    const status = withUmask(call, () => sys().mkdirat(dirFd, name, wanted));
    return status === 0 ? made(dirFd, name, plan) : fail(errno());
  });
}

/** mknod, mknodat: a regular file is a creation, anything else a node. */
export function mknod(call: Call): Reply {
  const { at } = call.rule;
  const path = call.string(at.path ?? 0);
  if (typeof path === "number") return fail(path);
  const mode = call.u32(at.mode ?? 1);
  const type = (mode & S_IFMT) === 0 ? S_IFREG : mode & S_IFMT;
  if (type === S_IFDIR) return fail(E.PERM);
  if (!NODE_TYPES.has(type)) return fail(E.INVAL);
  const device = call.u32(at.value ?? 2);
  return withParent(call, at.dirfd, path, (dirFd, name, dirStat, acting) => {
    if (exists(dirFd, name)) return fail(E.EXIST);
    const { objects } = call.bench;
    const full = type | (mode & 0o7777 & ~umaskOf(call.task));
    const plan = objects.plan(call.task.process, dirFd, name);
    const dir = objects.inode(dirFd, dirStat);
    const node = { dir, dentry: { path: plan.path }, mode: full };
    const refusal =
      type === S_IFREG
        ? call.refusal("inode_create", node)
        : call.refusal("inode_mknod", {
            ...node,
            dentry: { path: objects.newName(call.task.process, dirFd, name) },
            dev: deviceId(device),
          });
    if (refusal !== undefined || acting === "no") return refusal ?? CONTINUE;
    const status = withUmask(call, () =>
      sys().mknodat(dirFd, name, type | (mode & 0o7777), device),
    );
    return status === 0 ? made(dirFd, name, plan) : fail(errno());
  });
}

function exists(dirFd: number, name: Buffer): boolean {
  return isDots(name) || statAt(dirFd, name, AT.SYMLINK_NOFOLLOW) !== undefined;
}

function made(dirFd: number, name: Buffer, plan: PlannedCreation): Reply {
  const stat = statAt(dirFd, name, AT.SYMLINK_NOFOLLOW);
  if (stat !== undefined) plan.done(stat);
  return OK;
}

/** dev_t as user space passes it (new_decode_dev). */
function deviceId(device: number): { major: number; minor: number } {
  return {
    major: (device & 0xfff00) >>> 8,
    minor: (device & 0xff) | ((device >>> 12) & 0xfff00),
  };
}

/** symlink, symlinkat. */
export function symlink(call: Call): Reply {
  const { at } = call.rule;
  const target = call.string(at.path2 ?? 0, 1);
  if (typeof target === "number") return fail(target);
  const path = call.string(at.path ?? 1);
  if (typeof path === "number") return fail(path);
  return withParent(call, at.dirfd, path, (dirFd, name, dirStat, acting) => {
    const { objects } = call.bench;
    const dir = objects.inode(dirFd, dirStat);
    const { process } = call.task;
    const dentry = { path: objects.newName(process, dirFd, name) };
    const oldName = textOf(target);
    const plan = objects.plan(process, dirFd, name);
    const refusal = call.refusal("inode_symlink", { dir, dentry, oldName });
    if (refusal !== undefined) return refusal;
    if (acting === "no") return CONTINUE;
    const status = sys().symlinkat(target, dirFd, name);
    return status === 0 ? made(dirFd, name, plan) : fail(errno());
  });
}

/** link, linkat. */
export function link(call: Call): Reply {
  const { at } = call.rule;
  const path = call.string(at.path2 ?? 1, 1);
  if (typeof path === "number") return fail(path);
  const acting = call.acting();
  const source = call.as(acting, () => linkSource(call));
  if (typeof source === "number") return call.unresolved(source, acting);
  try {
    return withParent(call, at.dirfd2, path, (dirFd, name, dirStat) => {
      const { objects } = call.bench;
      const { process } = call.task;
      const oldDentry = objects.dentry(process, source.fd, source.stat);
      const dir = objects.inode(dirFd, dirStat);
      const newDentry = { path: objects.newName(process, dirFd, name) };
      const refusal = call.refusal("inode_link", { oldDentry, dir, newDentry });
      if (refusal !== undefined) return refusal;
      if (acting === "no") return CONTINUE;
      return result(sys().linkat(source.directory, source.name, dirFd, name, source.flags));
    });
  } finally {
    source.close();
  }
}

/** rename, renameat, renameat2. */
export function rename(call: Call): Reply {
  const { at } = call.rule;
  const from = call.string(at.path ?? 0, 0);
  if (typeof from === "number") return fail(from);
  const to = call.string(at.path2 ?? 1, 1);
  if (typeof to === "number") return fail(to);
  const flags = at.flags === undefined ? 0 : call.u32(at.flags);
  if (!validRename(flags)) return fail(E.INVAL);
  const acting = call.acting();
  return call.as(acting, () => {
    const old = openName(call, at.dirfd, from);
    if (typeof old === "number") return call.unresolved(old, acting);
    const target = openName(call, at.dirfd2, to);
    try {
      if (typeof target === "number") return call.unresolved(target, acting);
      return renameNames(call, old, target, { flags, acting });
    } finally {
      closeName(old);
      if (typeof target !== "number") closeName(target);
    }
  });
}

const RENAMEAT2 = process.arch === "arm64" ? 276 : 316;

function validRename(flags: number): boolean {
  const { NOREPLACE, EXCHANGE, WHITEOUT } = RENAME;
  if ((flags & ~(NOREPLACE | EXCHANGE | WHITEOUT)) !== 0) return false;
  return (flags & EXCHANGE) === 0 || (flags & (NOREPLACE | WHITEOUT)) === 0;
}

function renameNames(
  call: Call,
  old: NameRef,
  target: NameRef,
  how: { readonly flags: number; readonly acting: Acting },
): Reply {
  if (old.object === undefined) return call.unresolved(old.errno, how.acting);
  if (target.object === undefined && target.errno !== E.NOENT)
    return call.unresolved(target.errno, how.acting);
  const { objects } = call.bench;
  const refusal = call.refusal("inode_rename", {
    oldDir: objects.inode(old.dirFd, old.dirStat),
    oldDentry: describeName(call, old),
    newDir: objects.inode(target.dirFd, target.dirStat),
    newDentry: describeName(call, target),
  });
  if (refusal !== undefined) return refusal;
  if (how.acting === "no") return CONTINUE;
  if (isMountPoint(call, old) || isMountPoint(call, target)) return fail(E.BUSY);
  const status = Number(
    sys().renameat2(RENAMEAT2, old.dirFd, old.name, target.dirFd, target.name, how.flags),
  );
  if (status !== 0) return fail(errno());
  if (target.object !== undefined && how.flags === 0) objects.removed(target.object.stat);
  objects.moved(old.object.stat);
  return OK;
}

/** unlink, unlinkat, rmdir. */
export function remove(call: Call): Reply {
  const { at, variant } = call.rule;
  const path = call.string(at.path ?? 0);
  if (typeof path === "number") return fail(path);
  const flags = at.flags === undefined ? 0 : call.u32(at.flags);
  if ((flags & ~AT.REMOVEDIR) !== 0) return fail(E.INVAL);
  const directory = variant === "rmdir" || (flags & AT.REMOVEDIR) !== 0;
  const acting = call.acting();
  return call.as(acting, () => {
    const name = openName(call, at.dirfd, path);
    if (typeof name === "number") return call.unresolved(name, acting);
    try {
      return removeName(call, name, directory, acting);
    } finally {
      closeName(name);
    }
  });
}

function removeName(call: Call, name: NameRef, directory: boolean, acting: Acting): Reply {
  if (name.object === undefined) return call.unresolved(name.errno, acting);
  const { objects } = call.bench;
  const cell = { dir: objects.inode(name.dirFd, name.dirStat), dentry: describeName(call, name) };
  const refusal = call.refusal(directory ? "inode_rmdir" : "inode_unlink", cell);
  if (refusal !== undefined) return refusal;
  if (acting === "no") return CONTINUE;
  const isDirectory = name.object.stat.type === FileType.directory;
  if (isMountPoint(call, name) && isDirectory === directory) return fail(E.BUSY);
  if (sys().unlinkat(name.dirFd, name.name, directory ? AT.REMOVEDIR : 0) !== 0)
    return fail(errno());
  objects.removed(name.object.stat);
  return OK;
}
