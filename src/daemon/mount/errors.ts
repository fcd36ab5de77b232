// SPDX-License-Identifier: Apache-2.0
// What can go wrong with pseudo-files: at mounting for the user, inside of them as an errno for who reads or writes.
import { CodedError } from "../../base/errors.ts";

/**
 * NO_DIRECTORY: the place is no directory. NOT_MOUNTED: the kernel or fusermount3 refuses. BAD_PROTOCOL: a request of the kernel that
 * can not be understood.
 */
export class MountError extends CodedError<"NO_DIRECTORY" | "NOT_MOUNTED" | "BAD_PROTOCOL"> {}

/** Errors that a reader or writer of a pseudo-file can get (errno.h of Linux; the same on x86-64 and aarch64). */
export const ERRNO = {
  /** EPERM: the model is sealed, or the state of the namespace does not allow it for another reason. */
  refused: 1,
  /** ENOENT: no such file. */
  noEntry: 2,
  /** ESRCH: the workload has ended. */
  ended: 3,
  /** EINTR */
  interrupted: 4,
  /** EIO */
  failed: 5,
  /** EACCES */
  denied: 13,
  /** EINVAL: not a command of a control file. */
  badCommand: 22,
  /** ENOSYS */
  notHere: 38,
  /** EHOSTDOWN: the daemon does not answer. */
  noDaemon: 112,
} as const;

/** Reaches the task that waits in the kernel as this errno. */
export class FileError extends CodedError<"ERRNO"> {
  readonly errno: number;

  constructor(errno: number) {
    super("ERRNO", `errno ${errno}`);
    this.errno = errno;
  }
}
