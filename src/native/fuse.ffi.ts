// SPDX-License-Identifier: Apache-2.0
// A FUSE file system that no mount table ever shows: made, used to start one program, and let go of. And the way to end one from
// outside.
import { errno, errnoName, libc } from "./libc.ffi.ts";
import { NativeError } from "./native-error.ts";
import { sys } from "./syscalls.ffi.ts";
import { closeFd, writeOnce } from "./tsem.ffi.ts";

const O_WRONLY = 1;
const O_RDWR = 2;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
/** The same on x86-64 and aarch64. */
const NR_FSOPEN = 430;
const NR_FSCONFIG = 431;
const NR_FSMOUNT = 432;
const FSOPEN_CLOEXEC = 1;
const FSCONFIG_SET_FLAG = 0;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;
const FSMOUNT_CLOEXEC = 1;
const MOUNT_ATTR_NOSUID = 2;
const MOUNT_ATTR_NODEV = 4;

type Argument = number | string | null;
type Call = (...args: readonly Argument[]) => number;

function syscall(...shape: readonly string[]): Call {
  return libc().func("syscall", "long", ["long", ...shape]) as unknown as Call;
}

function checked(call: string, result: number): number {
  const value = Number(result);
  if (value < 0) throw NativeError.ofCall(call, errno());
  return value;
}

/** Opens /dev/fuse: reads do not wait, and no program that is started gets it. @throws NativeError CALL_FAILED */
export function openFuse(): number {
  const path = Buffer.from("/dev/fuse\0");
  const fd = sys().open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
  return checked("open(/dev/fuse)", fd);
}

/** A file system made without a place in the tree. Its descriptor (close-on-exec) is its root. @throws NativeError */
function detachedMount(
  type: string,
  options: ReadonlyArray<readonly [string, string | null]>,
): number {
  const context = checked(
    `fsopen(${type})`,
    syscall("str", "long")(NR_FSOPEN, type, FSOPEN_CLOEXEC),
  );
  try {
    const config = syscall("long", "long", "str", "str", "long");
    for (const [key, value] of options) {
      const command = value === null ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
      checked(`fsconfig(${type}, ${key})`, config(NR_FSCONFIG, context, command, key, value, 0));
    }
    checked(
      `fsconfig(${type}, create)`,
      config(NR_FSCONFIG, context, FSCONFIG_CMD_CREATE, null, null, 0),
    );
    const attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    const mount = syscall("long", "long", "long")(NR_FSMOUNT, context, FSMOUNT_CLOEXEC, attributes);
    return checked(`fsmount(${type})`, mount);
  } finally {
    closeFd(context);
  }
}

/**
 * Makes a FUSE file system whose root is one program file, served through `fuseFd`. Nothing waits for the server here.
 * @returns its descriptor; the file system lasts as long as that, or a program started from it
 */
export function makeFuseFile(fuseFd: number): number {
  return detachedMount("fuse", [
    ["source", "galgo"],
    ["subtype", "galgo"],
    ["fd", String(fuseFd)],
    ["rootmode", "100755"],
    ["user_id", "0"],
    ["group_id", "0"],
    ["allow_other", null],
  ]);
}

/**
 * Ends a FUSE connection from outside its server: all that wait get ECONNABORTED, at once.
 * @param connection its number, the minor device number of its files
 * @returns false when there is no such connection any more
 * @throws NativeError
 */
export function abortFuse(connection: number): boolean {
  const control = detachedMount("fusectl", []);
  try {
    const path = Buffer.from(`${connection}/abort\0`);
    const fd = sys().openat(control, path, O_WRONLY | O_CLOEXEC, 0);
    if (fd < 0) return false;
    writeOnce(fd, Buffer.from("1"));
    closeFd(fd);
    return true;
  } finally {
    closeFd(control);
  }
}

/**
 * Starts a program without the calling thread waiting until it runs: for a program that this thread has to serve. Signals,
 * descriptors that are not close-on-exec and the environment (none) are handed on; nobody but the caller waits for its end.
 * @returns its pid
 * @throws NativeError CALL_FAILED
 */
export async function startProgram(path: string, name: string): Promise<number> {
  const pid = Buffer.alloc(4);
  const spawn = libc().func(
    "int posix_spawn(void *, const char *, void *, void *, const char **, const char **)",
  );
  const error = await new Promise<number>((resolve, reject) => {
    spawn.async(
      ...[pid, path, null, null, [name, null], [null]],
      (failure: Error | null, result: number) => {
        if (failure === null) resolve(result);
        else reject(failure);
      },
    );
  });
  if (error !== 0) throw NativeError.ofCall("posix_spawn", error);
  return pid.readInt32LE(0);
}

/**
 * Value of an extended attribute, its size when there is no room for it (`maxBytes` 0), or the name of an errno. Waits as long
 * as the file system takes.
 */
export function readAttribute(
  path: string,
  name: string,
  maxBytes: number,
): Buffer | number | string {
  const value = Buffer.alloc(Math.max(1, maxBytes));
  const call = libc().func("long getxattr(const char *, const char *, void *, size_t)");
  const length = Number((call as unknown as GetAttribute)(path, name, value, maxBytes));
  if (length < 0) return errnoName(errno());
  return maxBytes === 0 ? length : value.subarray(0, length);
}

type GetAttribute = (path: string, name: string, value: Buffer, size: number) => number;
