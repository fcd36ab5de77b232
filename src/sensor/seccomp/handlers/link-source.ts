// SPDX-License-Identifier: Apache-2.0
// The existing object of link(2) and linkat(2), in a form that linkat can be given again without a second look-up
// of what was decided on.
import { sys } from "../../../native/syscalls.ffi.ts";
import type { Call } from "../call.ts";
import { AT, E } from "../../file/open-flags.ts";
import { openTaskFd, resolve } from "../resolve.ts";
import { type Stat, fdName, ownFdDirectory } from "../../file/stat.ts";
import { closeName, openName } from "./name-ref.ts";

export interface LinkSource {
  readonly fd: number;
  readonly stat: Stat;
  readonly directory: number;
  readonly name: Buffer;
  readonly flags: number;
  readonly close: () => void;
}

/** @returns the source, or an errno. The receiver calls `close`. */
export function linkSource(call: Call): LinkSource | number {
  const { at } = call.rule;
  const path = call.string(at.path ?? 0, 0);
  if (typeof path === "number") return path;
  const flags = at.flags === undefined ? 0 : call.u32(at.flags);
  if ((flags & ~(AT.SYMLINK_FOLLOW | AT.EMPTY_PATH)) !== 0) return E.INVAL;
  const byFd = path.length === 1 && (flags & AT.EMPTY_PATH) !== 0 && at.dirfd !== undefined;
  if (!byFd && (flags & AT.SYMLINK_FOLLOW) === 0) return namedSource(call, path);
  const object = byFd
    ? openTaskFd(call.task, call.i32(at.dirfd ?? 0))
    : resolve(call.origin(at.dirfd), path, { follow: true });
  if (object.kind !== "found") return object.kind === "error" ? object.errno : E.NOENT;
  // following /proc/self/fd/N links the inode of N, whatever has its name by now
  return {
    fd: object.fd,
    stat: object.stat,
    directory: ownFdDirectory(),
    name: fdName(object.fd),
    flags: AT.SYMLINK_FOLLOW,
    close: () => sys().close(object.fd),
  };
}

function namedSource(call: Call, path: Buffer): LinkSource | number {
  const ref = openName(call, call.rule.at.dirfd, path);
  if (typeof ref === "number") return ref;
  if (ref.object === undefined) {
    closeName(ref);
    return ref.errno;
  }
  const { fd, stat } = ref.object;
  return { fd, stat, directory: ref.dirFd, name: ref.name, flags: 0, close: () => closeName(ref) };
}
