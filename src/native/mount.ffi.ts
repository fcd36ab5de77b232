// SPDX-License-Identifier: Apache-2.0
// Mounting, as far as Galgo does it.
import { errno, libc } from "./libc.ffi.ts";
import { NativeError } from "./native-error.ts";

const MS_NOSUID = 2;
const MS_NODEV = 4;
const MS_NOEXEC = 8;
const MNT_DETACH = 2;

type Call = (...args: readonly (string | number | null)[]) => number;

/** Mounts a file system without a device, closed to programs, devices and setuid. @throws NativeError CALL_FAILED */
export function mountFilesystem(type: string, folder: string): void {
  const mount = libc().func(
    "int mount(const char *, const char *, const char *, ulong, const char *)",
  ) as Call;
  if (mount(type, folder, type, MS_NOSUID | MS_NODEV | MS_NOEXEC, null) < 0)
    throw NativeError.ofCall(`mount(${type})`, errno());
}

/** Takes a mount out of the tree; it ends when nobody uses it any more. @throws NativeError CALL_FAILED */
export function lazyUnmount(folder: string): void {
  const umount = libc().func("int umount2(const char *, int)") as Call;
  if (umount(folder, MNT_DETACH) < 0) throw NativeError.ofCall("umount2", errno());
}
