// SPDX-License-Identifier: Apache-2.0
// open(2) flags of this machine. O_DIRECTORY, O_NOFOLLOW and O_DIRECT differ between x86-64 and aarch64; Node knows its own.
import { constants } from "node:fs";

export const O: Readonly<
  Record<
    | "ACCMODE"
    | "WRONLY"
    | "RDWR"
    | "CREAT"
    | "EXCL"
    | "NOCTTY"
    | "TRUNC"
    | "NONBLOCK"
    | "DIRECTORY"
    | "NOFOLLOW"
    | "CLOEXEC"
    | "PATH"
    | "TMPFILE",
    number
  >
> = {
  ACCMODE: 3,
  WRONLY: 1,
  RDWR: 2,
  CREAT: 0x40,
  EXCL: 0x80,
  NOCTTY: 0x100,
  TRUNC: 0x200,
  NONBLOCK: 0x800,
  DIRECTORY: constants.O_DIRECTORY,
  NOFOLLOW: constants.O_NOFOLLOW,
  CLOEXEC: 0x80000,
  PATH: 0x200000,
  /** __O_TMPFILE; the task passes it with O_DIRECTORY. */
  TMPFILE: 0x400000,
};

/** AT_FDCWD and AT_* flags (uapi/linux/fcntl.h). */
export const AT = {
  FDCWD: -100,
  SYMLINK_NOFOLLOW: 0x100,
  REMOVEDIR: 0x200,
  SYMLINK_FOLLOW: 0x400,
  EMPTY_PATH: 0x1000,
} as const;

/** O_LARGEFILE of a 64-bit task, and the flag the kernel sets on files that it opens to execute (FMODE_EXEC in f_flags). */
const LARGEFILE = 0x8000;
const FMODE_EXEC = 0x20;

/**
 * f_flags as TSEM records them at file_open: large file set; close-on-exec, directory and no-follow never reach f_flags.
 * Observed in the records of a TSEM kernel: no value above 0xffff.
 */
export function eventFlags(flags: number): number {
  return (flags & 0xffff) | LARGEFILE;
}

/** f_flags of a file that is opened to be executed. */
export const EXEC_FLAGS: number = LARGEFILE | FMODE_EXEC;

/** errno values that this sensor answers with. */
export const E = {
  PERM: 1,
  NOENT: 2,
  SRCH: 3,
  NXIO: 6,
  TOOBIG: 7,
  BADF: 9,
  AGAIN: 11,
  ACCES: 13,
  FAULT: 14,
  BUSY: 16,
  EXIST: 17,
  XDEV: 18,
  NOTDIR: 20,
  ISDIR: 21,
  INVAL: 22,
  NFILE: 23,
  MFILE: 24,
  FBIG: 27,
  NAMETOOLONG: 36,
  NOSYS: 38,
  LOOP: 40,
} as const;
