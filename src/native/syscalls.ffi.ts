// SPDX-License-Identifier: Apache-2.0
// System calls that a sensor makes on its hot path. Thin: buffers in, result out, errno through `errno()` of libc.ffi.ts.
// Paths are NUL-terminated bytes in buffers: names need not be UTF-8 and are never converted on the way.
import koffi from "koffi";
import { libc } from "./libc.ffi.ts";

type Ffi = {
  readonly ioctl: (fd: number, request: number, arg: Buffer) => number;
  readonly ioctlValue: (fd: number, request: number, arg: number) => number;
  readonly processVmReadv: (
    pid: number,
    local: Buffer,
    localCount: number,
    remote: Buffer,
    remoteCount: number,
    flags: number,
  ) => number;
  readonly processVmWritev: Ffi["processVmReadv"];
  readonly open: (path: Buffer, flags: number, mode: number) => number;
  readonly openat: (dirfd: number, path: Buffer, flags: number, mode: number) => number;
  readonly close: (fd: number) => number;
  readonly read: (fd: number, into: Buffer, size: number) => number;
  readonly pread: (fd: number, into: Buffer, size: number, offset: number) => number;
  readonly statx: (dirfd: number, path: Buffer, flags: number, mask: number, out: Buffer) => number;
  readonly fstatfs: (fd: number, out: Buffer) => number;
  readonly readlinkat: (dirfd: number, path: Buffer, out: Buffer, size: number) => number;
  readonly poll: (fds: Buffer, count: number, timeoutMs: number) => number;
  readonly fcntl: (fd: number, command: number, arg: number) => number;
  readonly getsockopt: (
    fd: number,
    level: number,
    name: number,
    value: Buffer,
    size: Buffer,
  ) => number;
  readonly getsockname: (fd: number, address: Buffer, size: Buffer) => number;
  readonly getpeername: (fd: number, address: Buffer, size: Buffer) => number;
  readonly bind: (fd: number, address: Buffer, size: number) => number;
  readonly connect: (fd: number, address: Buffer, size: number) => number;
  readonly unshare: (flags: number) => number;
  readonly umask: (mask: number) => number;
  readonly unlinkat: (dirfd: number, path: Buffer, flags: number) => number;
  readonly mkdirat: (dirfd: number, path: Buffer, mode: number) => number;
  readonly mknodat: (dirfd: number, path: Buffer, mode: number, dev: number) => number;
  readonly symlinkat: (target: Buffer, dirfd: number, path: Buffer) => number;
  readonly linkat: (
    fromDir: number,
    from: Buffer,
    toDir: number,
    to: Buffer,
    flags: number,
  ) => number;
  readonly ftruncate: (fd: number, size: number) => number;
  readonly chmod: (path: Buffer, mode: number) => number;
  readonly fchownat: (
    dirfd: number,
    path: Buffer,
    uid: number,
    gid: number,
    flags: number,
  ) => number;
  readonly setxattr: (
    path: Buffer,
    name: Buffer,
    value: Buffer,
    size: number,
    flags: number,
  ) => number;
  readonly fchmod: (fd: number, mode: number) => number;
  readonly fchown: (fd: number, uid: number, gid: number) => number;
  readonly fsetxattr: (
    fd: number,
    name: Buffer,
    value: Buffer,
    size: number,
    flags: number,
  ) => number;
  readonly fremovexattr: (fd: number, name: Buffer) => number;
  readonly lsetxattr: Ffi["setxattr"];
  readonly removexattr: (path: Buffer, name: Buffer) => number;
  readonly lremovexattr: Ffi["removexattr"];
  readonly syscall0: (nr: number) => number;
  readonly syscall1: (nr: number, a: number) => number;
  readonly syscall3: (nr: number, a: number, b: number, c: number) => number;
  readonly syscall4: (nr: number, a: number, b: number, c: number, d: number) => number;
  readonly syscallPath4: (nr: number, a: number, path: Buffer, how: Buffer, size: number) => number;
  readonly syscallPath4Number: (
    nr: number,
    a: number,
    path: Buffer,
    b: number,
    c: number,
  ) => number;
  readonly syscallBuffer2: (nr: number, a: number, b: Buffer) => number;
  readonly syscallBuffer3: (nr: number, a: number, b: number, c: Buffer) => number;
  readonly renameat2: (
    nr: number,
    fromDir: number,
    from: Buffer,
    toDir: number,
    to: Buffer,
    flags: number,
  ) => number;
};

let table: Ffi | undefined;

/** The calls, bound at first use. All return what the C function returns: -1 and errno on failure. */
export function sys(): Ffi {
  table ??= bind();
  return table;
}

function bind(): Ffi {
  const library = libc();
  const named = (name: string, result: string, args: string[]): never =>
    library.func(name, result, args) as never;
  const call = (...args: string[]): never => named("syscall", "long", ["long", ...args]);
  const path = "void *";
  const vectors = ["int", "void *", "ulong", "void *", "ulong", "ulong"];
  return {
    ioctl: named("ioctl", "int", ["int", "ulong", "void *"]),
    ioctlValue: named("ioctl", "int", ["int", "ulong", "ulong"]),
    processVmReadv: named("process_vm_readv", "long", vectors),
    processVmWritev: named("process_vm_writev", "long", vectors),
    open: named("open", "int", [path, "int", "int"]),
    openat: named("openat", "int", ["int", path, "int", "int"]),
    close: named("close", "int", ["int"]),
    read: named("read", "long", ["int", "void *", "size_t"]),
    pread: named("pread", "long", ["int", "void *", "size_t", "int64"]),
    statx: named("statx", "int", ["int", path, "int", "uint", "void *"]),
    fstatfs: named("fstatfs", "int", ["int", "void *"]),
    readlinkat: named("readlinkat", "long", ["int", path, "void *", "size_t"]),
    poll: named("poll", "int", ["void *", "ulong", "int"]),
    fcntl: named("fcntl", "int", ["int", "int", "int"]),
    getsockopt: named("getsockopt", "int", ["int", "int", "int", "void *", "void *"]),
    getsockname: named("getsockname", "int", ["int", "void *", "void *"]),
    getpeername: named("getpeername", "int", ["int", "void *", "void *"]),
    bind: named("bind", "int", ["int", "void *", "int"]),
    connect: named("connect", "int", ["int", "void *", "int"]),
    unshare: named("unshare", "int", ["int"]),
    umask: named("umask", "uint", ["uint"]),
    unlinkat: named("unlinkat", "int", ["int", path, "int"]),
    mkdirat: named("mkdirat", "int", ["int", path, "uint"]),
    mknodat: named("mknodat", "int", ["int", path, "uint", "uint64"]),
    symlinkat: named("symlinkat", "int", [path, "int", path]),
    linkat: named("linkat", "int", ["int", path, "int", path, "int"]),
    ftruncate: named("ftruncate", "int", ["int", "int64"]),
    chmod: named("chmod", "int", [path, "uint"]),
    fchownat: named("fchownat", "int", ["int", path, "uint", "uint", "int"]),
    setxattr: named("setxattr", "int", [path, "void *", "void *", "size_t", "int"]),
    fchmod: named("fchmod", "int", ["int", "uint"]),
    fchown: named("fchown", "int", ["int", "uint", "uint"]),
    fsetxattr: named("fsetxattr", "int", ["int", "void *", "void *", "size_t", "int"]),
    fremovexattr: named("fremovexattr", "int", ["int", "void *"]),
    lsetxattr: named("lsetxattr", "int", [path, "void *", "void *", "size_t", "int"]),
    removexattr: named("removexattr", "int", [path, "void *"]),
    lremovexattr: named("lremovexattr", "int", [path, "void *"]),
    syscall0: call(),
    syscall1: call("long"),
    syscall3: call("long", "long", "long"),
    syscall4: call("long", "long", "long", "long"),
    syscallPath4: call("long", path, "void *", "long"),
    syscallPath4Number: call("long", path, "long", "long"),
    syscallBuffer2: call("long", "void *"),
    syscallBuffer3: call("long", "long", "void *"),
    renameat2: call("long", path, "long", path, "long"),
  };
}

/** Address of a buffer's memory, for iovec members. The buffer must stay referenced while the address is used. */
export function addressOf(buffer: Buffer): bigint {
  return BigInt(koffi.address(buffer));
}
