// SPDX-License-Identifier: Apache-2.0
// What a process that runs already is running, from /proc: for identities of tasks that were there before the sensor.
import { readlinkSync } from "node:fs";
import { decodePath } from "../../base/path-text.ts";
import type { FileId } from "../../event/cell/file.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import { ContentDigests, type DigestOptions } from "../file/digest.ts";
import { EXEC_FLAGS } from "../file/open-flags.ts";
import { type Filesystem, filesystemOf, inodeId, type Stat, statFd } from "../file/stat.ts";

const AT_FDCWD = -100;
const O_RDONLY_CLOEXEC = 0o2000000;
/** What /proc says of a file that was replaced since. */
const DELETED = " (deleted)";

/** Reads programs of processes; one for each namespace, because it remembers digests. */
export class ProgramFiles {
  readonly #digests: ContentDigests;

  constructor(algorithm: string, emptyDigest: string, options: DigestOptions) {
    this.#digests = new ContentDigests(algorithm, emptyDigest, options);
  }

  /** The program of a process; undefined when it can not be read: a kernel thread, or a process that has ended. */
  of(pid: number): FileId | undefined {
    const fd = sys().open(Buffer.from(`/proc/${pid}/exe\0`), O_RDONLY_CLOEXEC, 0);
    if (fd < 0) return undefined;
    try {
      const stat = statFd(fd);
      const digest = stat === undefined ? undefined : this.#digests.of(fd, stat);
      if (stat === undefined || digest === undefined) return undefined;
      return fileOf(stat, filesystemOf(fd, stat), { pathname: pathOf(pid), digest });
    } finally {
      sys().close(fd);
    }
  }
}

function fileOf(
  stat: Stat,
  filesystem: Filesystem,
  { pathname, digest }: { readonly pathname: string; readonly digest: string },
): FileId {
  const dev = { major: stat.devMajor, minor: stat.devMinor };
  return { flags: EXEC_FLAGS, inode: inodeId(stat, filesystem), path: { dev, pathname }, digest };
}

const STATX_INO = 0x100;
/** Linux 6.8 */
const STATX_MNT_ID_UNIQUE = 0x4000;

/** The root of a process: unique id of its mount, and its inode number. undefined when it is gone. */
export function rootOf(
  pid: number,
): { readonly mount: bigint; readonly inode: bigint } | undefined {
  const into = Buffer.alloc(256);
  const path = Buffer.from(`/proc/${pid}/root\0`);
  if (sys().statx(AT_FDCWD, path, 0, STATX_INO | STATX_MNT_ID_UNIQUE, into) !== 0) return undefined;
  return { mount: into.readBigUInt64LE(144), inode: into.readBigUInt64LE(32) };
}

/** As the process itself would name it: below its own root. */
function pathOf(pid: number): string {
  const link = (name: string): string =>
    decodePath(readlinkSync(`/proc/${pid}/${name}`, { encoding: "buffer" }));
  const path = link("exe");
  const root = link("root");
  const own = root === "/" || !path.startsWith(`${root}/`) ? path : path.slice(root.length);
  return own.endsWith(DELETED) ? own.slice(0, -DELETED.length) : own;
}
