// SPDX-License-Identifier: Apache-2.0
// Mounting, as far as Galgo does it.
import { c, errno } from "./libc.ffi.ts";
import { NativeError } from "./native-error.ts";

const MS_NOSUID = 2;
const MS_NODEV = 4;
const MS_NOEXEC = 8;
const MNT_DETACH = 2;

/** Mounts a file system without a device, closed to programs, devices and setuid. @throws NativeError CALL_FAILED */
export function mountFilesystem(type: string, folder: string): void {
  const mount = c("int mount(const char *, const char *, const char *, ulong, const char *)");
  if (mount(type, folder, type, MS_NOSUID | MS_NODEV | MS_NOEXEC, null) < 0)
    throw NativeError.ofCall(`mount(${type})`, errno());
}

/**
 * Mounts a FUSE file system that is served through `fuseFd`; `source` names it in the table of mounts. The kernel checks permissions by owner and mode, for every user.
 * @throws NativeError CALL_FAILED
 */
export function mountFuse(fuseFd: number, source: string, folder: string, user: number): void {
  const mount = c("int mount(const char *, const char *, const char *, ulong, const char *)");
  const options = `fd=${fuseFd},rootmode=40000,user_id=${user},group_id=0,default_permissions,allow_other`;
  if (mount(source, folder, "fuse.galgo", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) < 0)
    throw NativeError.ofCall("mount(fuse)", errno());
}

/** Takes a mount out of the tree; it ends when nobody uses it any more. @throws NativeError CALL_FAILED */
export function lazyUnmount(folder: string): void {
  if (c("int umount2(const char *, int)")(folder, MNT_DETACH) < 0)
    throw NativeError.ofCall("umount2", errno());
}
