// SPDX-License-Identifier: Apache-2.0
// Whether a descriptor is the very file that a record tells of.
import { sys } from "../../native/syscalls.ffi.ts";
import { type Stat, statFd } from "../file/stat.ts";
import { deviceOf } from "./objects.ts";
import type { ContentView, ObjectView } from "./record-object.ts";

const AT_EMPTY_PATH = 0x1000;
const EMPTY = Buffer.from("\0");
const STATX_CTIME_INO_SIZE_UNIQUE_MOUNT = 0x4380;
const CTIME_AT = 96;
const MOUNT_AT = 144;
const INODE_AT = 32;
/** _IOR('v', 1, long): the generation of an inode. */
const FS_IOC_GETVERSION = 0x80087601;

/** uapi/linux/magic.h. */
export const MAGIC = {
  ext: 0xef53,
  xfs: 0x58465342,
  btrfs: 0x9123683e,
  f2fs: 0xf2f52010,
  squashfs: 0x73717368,
  erofs: 0xe0f5e1e2,
  iso9660: 0x9660,
  overlayfs: 0x794c7630,
} as const;

/** Filesystems that tell other device numbers, or other inode numbers too, than the kernel's own objects have. */
const OTHER_DEVICE: ReadonlySet<number> = new Set([MAGIC.btrfs, MAGIC.overlayfs]);
const OTHER_INODE: ReadonlySet<number> = new Set([MAGIC.overlayfs]);

const statx = Buffer.alloc(256);
const version = Buffer.alloc(8);

/** Unique id of a descriptor's mount (6.8) and its inode number; undefined when it can not be asked. */
export function placeOf(
  fd: number,
): { readonly mount: bigint; readonly inode: bigint } | undefined {
  const mask = STATX_CTIME_INO_SIZE_UNIQUE_MOUNT;
  if (sys().statx(fd, EMPTY, AT_EMPTY_PATH, mask, statx) !== 0) return undefined;
  return { mount: statx.readBigUInt64LE(MOUNT_AT), inode: statx.readBigUInt64LE(INODE_AT) };
}

/** What a descriptor was found to be. */
export interface Match {
  readonly stat: Stat;
  /** Change time and size are those of the record: nobody has changed it since. */
  readonly unchanged: boolean;
}

/** The file of the record behind `fd` (O_PATH is enough); undefined when it is another one. */
export function matchOf(fd: number, object: ObjectView, content: ContentView): Match | undefined {
  const stat = statFd(fd);
  if (stat === undefined || (stat.mode & 0xf000) !== (object.mode & 0xf000)) return undefined;
  const { major, minor } = deviceOf(object.dev);
  const here = stat.devMajor === major && stat.devMinor === minor;
  if (!here && !OTHER_DEVICE.has(object.magic)) return undefined;
  if (!here && placeOf(fd)?.mount !== object.mount) return undefined;
  if (stat.ino !== content.inode && !OTHER_INODE.has(object.magic)) return undefined;
  if (!sameGeneration(fd, content.generation)) return undefined;
  return { stat, unchanged: stat.size === content.size && sameChangeTime(fd, content) };
}

/** True as well where the filesystem does not tell, or the descriptor can not be asked: then the change time decides. */
function sameGeneration(fd: number, generation: number): boolean {
  if (sys().ioctl(fd, FS_IOC_GETVERSION, version) !== 0) return true;
  return version.readUInt32LE(0) === generation;
}

function sameChangeTime(fd: number, content: ContentView): boolean {
  const mask = STATX_CTIME_INO_SIZE_UNIQUE_MOUNT;
  if (sys().statx(fd, EMPTY, AT_EMPTY_PATH, mask, statx) !== 0) return false;
  return (
    statx.readBigInt64LE(CTIME_AT) === content.ctimeSeconds &&
    statx.readUInt32LE(CTIME_AT + 8) === content.ctimeNanoseconds
  );
}
