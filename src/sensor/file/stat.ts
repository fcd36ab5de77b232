// SPDX-License-Identifier: Apache-2.0
// What a descriptor is: statx of an open (often O_PATH) descriptor, its canonical path, its filesystem.
import { readFileSync } from "node:fs";
import { decodePath } from "../../base/path-text.ts";
import type { InodeId } from "../../event/cell/file.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import { O } from "./open-flags.ts";

const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_BTIME_MNT = 0x1fff;
const EMPTY = Buffer.from("\0");
const S_IFMT = 0xf000;

/** File types of st_mode (stat(2)). */
export const FileType = {
  regular: 0x8000,
  directory: 0x4000,
  symlink: 0xa000,
  character: 0x2000,
  fifo: 0x1000,
} as const;

/** Superblock magics of filesystems with a meaning here (uapi/linux/magic.h). */
export const FsMagic = {
  proc: 0x9fa0,
  sysfs: 0x62656572,
} as const;

/** An object as it was when it was looked at. */
export interface Stat {
  readonly mode: number;
  /** `mode & S_IFMT`, one of FileType or another. */
  readonly type: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  readonly size: bigint;
  readonly devMajor: number;
  readonly devMinor: number;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  readonly ino: bigint;
  /** The mount that it was found through. */
  readonly mntId: bigint;
  /** (dev, ino, btime): names an inode also after its number was used again. */
  readonly key: string;
  /** `key` with ctime and size: names a content. */
  readonly contentKey: string;
  /** Last change of content or attributes (ms since the epoch). */
  readonly ctimeMs: number;
}

const scratch = Buffer.alloc(256);

/**
 * Something that was changed so recently can be changed again without another ctime: kernels before 6.13 count time in ticks, and
 * some filesystems in seconds.
 */
const SETTLED_MS = 2_100;

/** Whether `contentKey` names a content for good: what is found out about it may be remembered. */
export function isSettled(stat: Stat): boolean {
  return Date.now() - stat.ctimeMs > SETTLED_MS;
}

/** statx of an open descriptor; undefined when it fails (only for a closed descriptor). */
export function statFd(fd: number): Stat | undefined {
  return statAt(fd, EMPTY, AT_EMPTY_PATH);
}

/** statx below a directory descriptor. `flags`: AT_SYMLINK_NOFOLLOW (0x100) as needed. */
export function statAt(fd: number, path: Buffer, flags: number): Stat | undefined {
  if (sys().statx(fd, path, flags, STATX_BASIC_BTIME_MNT, scratch) !== 0) return undefined;
  const mode = scratch.readUInt16LE(28);
  const devMajor = scratch.readUInt32LE(136);
  const devMinor = scratch.readUInt32LE(140);
  const ino = scratch.readBigUInt64LE(32);
  const size = scratch.readBigUInt64LE(40);
  const seconds = scratch.readBigInt64LE(96);
  const nanoseconds = scratch.readUInt32LE(104);
  const key = `${devMajor}:${devMinor}:${ino}:${scratch.readUInt32LE(80)}.${scratch.readUInt32LE(88)}`;
  return {
    mode,
    type: mode & S_IFMT,
    uid: scratch.readUInt32LE(20),
    gid: scratch.readUInt32LE(24),
    nlink: scratch.readUInt32LE(16),
    size,
    devMajor,
    devMinor,
    rdevMajor: scratch.readUInt32LE(128),
    rdevMinor: scratch.readUInt32LE(132),
    ino,
    mntId: scratch.readBigUInt64LE(144),
    key,
    contentKey: `${key}:${seconds}.${nanoseconds}:${size}`,
    ctimeMs: Number(seconds) * 1000 + nanoseconds / 1e6,
  };
}

/** Filesystem of a descriptor. */
export interface Filesystem {
  readonly magic: number;
  /** The superblock's id (block device name, or the type's name), as far as /proc/self/mountinfo tells. */
  readonly sId: string | undefined;
}

const filesystems = new Map<number, Filesystem>();
const statfsBuffer = Buffer.alloc(120);

/** Filesystem that holds `stat`, remembered by device number. */
export function filesystemOf(fd: number, stat: Stat): Filesystem {
  const device = stat.devMajor * 0x100000 + stat.devMinor;
  const known = filesystems.get(device);
  if (known !== undefined) return known;
  const magic = sys().fstatfs(fd, statfsBuffer) === 0 ? statfsBuffer.readUInt32LE(0) : 0;
  const found = { magic, sId: superblockId(stat.devMajor, stat.devMinor) };
  filesystems.set(device, found);
  return found;
}

/** Forgets filesystems: after mounts device numbers may mean others. */
export function forgetFilesystems(): void {
  filesystems.clear();
}

/** mountinfo: field 3 is major:minor, behind " - " come type and source (proc(5)). */
function superblockId(major: number, minor: number): string | undefined {
  let text: string;
  try {
    text = readFileSync("/proc/self/mountinfo", "latin1");
  } catch {
    return undefined;
  }
  const device = `${major}:${minor}`;
  for (const line of text.split("\n")) {
    if (line.split(" ", 3)[2] !== device) continue;
    const [type, source] = line.slice(line.indexOf(" - ") + 3).split(" ", 2);
    return source?.startsWith("/dev/") ? source.slice(5, 36) : type?.slice(0, 31);
  }
  return undefined;
}

/** The inode part of a CELL. `sUuid` is absent: no unprivileged call tells it on the kernels that are supported. */
export function inodeId(stat: Stat, fs: Filesystem): InodeId {
  const id = { uid: stat.uid, gid: stat.gid, mode: stat.mode, sMagic: fs.magic };
  return fs.sId === undefined ? id : { ...id, sId: fs.sId };
}

const pathBuffer = Buffer.alloc(4097);
let ownFds = -1;

/** Descriptor of /proc/thread-self/fd of this thread: saves the walk to it, for readlink and reopen. */
export function ownFdDirectory(): number {
  if (ownFds < 0) {
    ownFds = sys().open(Buffer.from("/proc/thread-self/fd\0"), O.PATH | O.DIRECTORY | O.CLOEXEC, 0);
  }
  return ownFds;
}

/** "N\0" for a descriptor number, cached: the name of a descriptor below `ownFdDirectory`. */
export function fdName(fd: number): Buffer {
  let name = fdNames[fd];
  if (name === undefined) {
    name = Buffer.from(`${fd}\0`, "latin1");
    fdNames[fd] = name;
  }
  return name;
}
const fdNames: Buffer[] = [];

/** Path of a descriptor in the mount namespace and root of this process, as d_path prints it. "" when it fails. */
export function pathOfFd(fd: number): string {
  const size = sys().readlinkat(ownFdDirectory(), fdName(fd), pathBuffer, 4096);
  if (size <= 0) return "";
  for (let i = 0; i < size; i++) {
    if ((pathBuffer[i] ?? 0) > 0x7f) return decodePath(pathBuffer.subarray(0, size));
  }
  return pathBuffer.toString("latin1", 0, size);
}
