// SPDX-License-Identifier: Apache-2.0
// Mounts and roots. They go on in the task (only it is in its namespaces); views of the filesystem are read again.
import { textOf } from "../text.ts";
import type { PathId } from "../../../event/cell/file.ts";
import { sys } from "../../../native/syscalls.ffi.ts";
import type { Call } from "../call.ts";
import { AT, E } from "../../file/open-flags.ts";
import { CONTINUE, type Reply, fail } from "../reply.ts";
import { readStatus } from "../proc.ts";
import { openTaskFd, resolve } from "../resolve.ts";

/** All CLONE_NEW* bits, CLONE_NEWTIME included. */
export const CLONE_NEW_ANY = 0x7e020080;

/** Resolves a path argument to what a CELL says of it; an errno when it leads nowhere. */
function pathOf(call: Call, path: Buffer, dirfd: number | undefined): PathId | number {
  const object =
    path.length === 1 && dirfd !== undefined && call.i32(dirfd) !== AT.FDCWD
      ? openTaskFd(call.task, call.i32(dirfd))
      : resolve(call.origin(dirfd), path, { follow: true });
  if (object.kind !== "found") return object.kind === "error" ? object.errno : E.NOENT;
  const id = call.bench.objects.path(call.task.process, object.fd, object.stat);
  sys().close(object.fd);
  return id;
}

function optionalText(call: Call, index: number, slot: number): string | undefined {
  if (call.u64(index) === 0n) return undefined;
  const text = call.string(index, slot);
  return typeof text === "number" ? undefined : textOf(text);
}

/** mount(2). */
export function mount(call: Call): Reply {
  const target = call.string(1);
  if (typeof target === "number") return fail(target);
  const path = pathOf(call, target, undefined);
  if (typeof path === "number") return call.unresolved(path, call.acting());
  const devName = optionalText(call, 0, 1);
  const type = optionalText(call, 2, 1);
  const cell = {
    path,
    flags: call.u64(3),
    ...(devName === undefined ? {} : { devName }),
    ...(type === undefined ? {} : { type }),
  };
  return call.refusal("sb_mount", cell) ?? viewsChange(call);
}

/** umount2(2). */
export function umount(call: Call): Reply {
  const target = call.string(0);
  if (typeof target === "number") return fail(target);
  const object = resolve(call.origin(undefined), target, { follow: true });
  if (object.kind !== "found")
    return call.unresolved(object.kind === "error" ? object.errno : E.NOENT, call.acting());
  const dentry = call.bench.objects.dentry(call.task.process, object.fd, object.stat);
  sys().close(object.fd);
  return call.refusal("sb_umount", { dentry, flags: call.u32(1) }) ?? viewsChange(call);
}

/** pivot_root(2), move_mount(2). */
export function twoPaths(call: Call): Reply {
  const { at, hook } = call.rule;
  const first = call.string(at.path ?? 0, 0);
  if (typeof first === "number") return fail(first);
  const from = pathOf(call, first, at.dirfd);
  if (typeof from === "number") return call.unresolved(from, call.acting());
  const second = call.string(at.path2 ?? 1, 1);
  if (typeof second === "number") return fail(second);
  const to = pathOf(call, second, at.dirfd2);
  if (typeof to === "number") return call.unresolved(to, call.acting());
  const refusal =
    hook === "move_mount"
      ? call.refusal("move_mount", { from, to })
      : call.refusal("sb_pivotroot", { from, to });
  return refusal ?? viewsChange(call);
}

/** chroot(2). */
export function chroot(call: Call): Reply {
  const target = call.string(0);
  if (typeof target === "number") return fail(target);
  const path = pathOf(call, target, undefined);
  if (typeof path === "number") return call.unresolved(path, call.acting());
  return call.refusal("path_chroot", { path }) ?? viewsChange(call);
}

/** unshare, setns, clone with namespaces: by number, then everybody's view is read again. */
export function namespaces(call: Call): Reply {
  const args = (call.rule.args ?? []).map((index) =>
    BigInt((call.u32(index) & CLONE_NEW_ANY) >>> 0),
  );
  // unshare(CLONE_FS) alone gives a thread its own root and umask: no event, but to be known
  const own = call.rule.syscall === "unshare" && args[0] === 0n;
  const refusal = own ? undefined : call.syscallRefusal(args);
  if (refusal !== undefined) return refusal;
  if (call.rule.syscall !== "clone" && isThreaded(call)) call.task.process.splitFs = true;
  return viewsChange(call);
}

/** Threads that were silent until now count too. */
function isThreaded({ task }: Call): boolean {
  return (readStatus(task.tid)?.threads ?? 2) > 1;
}

/** The change happens after this answer: what was read before it, and what is read until the next event, is void. */
export function viewsChange(call: Call): Reply {
  const { task, bench } = call;
  task.stale = true;
  // born before or after: what the children see need not be what this process sees
  task.process.childrenDiffer = true;
  if (task.viewPending) bench.views.invalidate();
  else bench.views.unsettle();
  task.viewPending = true;
  return CONTINUE;
}
