// SPDX-License-Identifier: Apache-2.0
// System calls with which the doctor finds out what this kernel lets us do. Each tries one thing and undoes it;
// those that can not be undone (a seccomp filter) are only for a process made for that purpose.
import koffi from "koffi";
import { errno, errnoName, libc } from "./libc.ffi.ts";

/** Outcome of one try: a value, or the name of the errno that the kernel answered. */
export type Trial =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly errno: string };

/** [x86-64, aarch64] */
const NUMBERS = {
  pidfd_open: [434, 434],
  pidfd_getfd: [438, 438],
  landlock_create_ruleset: [444, 444],
  fanotify_init: [300, 262],
  io_uring_setup: [425, 425],
  lsm_list_modules: [461, 461],
  bpf: [321, 280],
  seccomp: [317, 277],
  sched_get_priority_max: [146, 125],
} as const;

type CallName = keyof typeof NUMBERS;
type Argument = number | Buffer;

const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_SET_MODE_FILTER = 1;
const SECCOMP_RET_USER_NOTIF = 0x7fc00000;
const SECCOMP_RET_ALLOW = 0x7fff0000;
const RECV = 0xc0502100;
const SEND = 0xc0182101;
const ADDFD = 0x40182103;
const SET_FLAGS = 0x40082104;
const POLLIN = 1;
/** SCHED_FIFO: the call that the trial filter holds answers 99 for it when nobody interferes. */
const HELD_ARGUMENT = 1;

const bound = new Map<string, (...args: unknown[]) => number>();

/** syscall(2) with up to five arguments, each a number or a buffer. */
function call(name: CallName, ...args: readonly Argument[]): Trial {
  const shape = args.map((argument) => (typeof argument === "number" ? "long" : "void *"));
  const key = shape.join();
  let fn = bound.get(key);
  if (fn === undefined) {
    fn = libc().func("syscall", "long", ["long", ...shape]) as (...args: unknown[]) => number;
    bound.set(key, fn);
  }
  return trial(Number(fn(NUMBERS[name][process.arch === "arm64" ? 1 : 0], ...args)));
}

function trial(result: number): Trial {
  return result < 0 ? { ok: false, errno: errnoName(errno()) } : { ok: true, value: result };
}

function c(signature: string): (...args: unknown[]) => number {
  let fn = bound.get(signature);
  if (fn === undefined) {
    fn = libc().func(signature) as (...args: unknown[]) => number;
    bound.set(signature, fn);
  }
  return fn;
}

function closeFd(fd: number): void {
  c("int close(int)")(fd);
}

/** A descriptor that was only opened as a try. */
function closing(result: Trial): Trial {
  if (result.ok) closeFd(result.value);
  return result;
}

/** Takes a copy of descriptor `fd` of process `pid`. */
export function tryPidfdGetfd(pid: number, fd: number): Trial {
  const pidfd = call("pidfd_open", pid, 0);
  if (!pidfd.ok) return pidfd;
  const copy = closing(call("pidfd_getfd", pidfd.value, fd, 0));
  closeFd(pidfd.value);
  return copy;
}

/** Reads eight bytes at `address` of another process. */
export function tryProcessVmReadv(pid: number, address: bigint): Trial {
  const into = Buffer.alloc(8);
  const local = Buffer.alloc(16);
  const remote = Buffer.alloc(16);
  local.writeBigUInt64LE(BigInt(koffi.address(into)), 0);
  local.writeBigUInt64LE(8n, 8);
  remote.writeBigUInt64LE(address, 0);
  remote.writeBigUInt64LE(8n, 8);
  const read = c("long process_vm_readv(int, void *, ulong, void *, ulong, ulong)");
  return trial(Number(read(pid, local, 1, remote, 1, 0)));
}

/** Landlock's ABI version. */
export function tryLandlock(): Trial {
  return call("landlock_create_ruleset", 0, 0, 1);
}

/** A fanotify group that may decide on accesses. */
export function tryFanotifyPermission(): Trial {
  const FAN_CLASS_CONTENT_CLOEXEC = 0x04 | 0x01;
  return closing(call("fanotify_init", FAN_CLASS_CONTENT_CLOEXEC, 0));
}

export function tryIoUring(): Trial {
  return closing(call("io_uring_setup", 1, Buffer.alloc(120)));
}

/** Ids of the active security modules (uapi/linux/lsm.h); kernel >= 6.8. */
export function listSecurityModules(): readonly number[] | undefined {
  const ids = Buffer.alloc(64 * 8);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(ids.length);
  const count = call("lsm_list_modules", ids, size, 0);
  if (!count.ok) return undefined;
  return Array.from({ length: count.value }, (_, at) => Number(ids.readBigUInt64LE(at * 8)));
}

/** Loads, and drops again, a BPF program for the security hook with this BTF id, that allows everything. */
export function tryBpfLsmLoad(attachBtfId: number): Trial {
  const PROG_LOAD = 5;
  // mov r0, 0; exit
  const instructions = Buffer.from("b7000000000000009500000000000000", "hex");
  const license = Buffer.from("GPL\0");
  const attr = Buffer.alloc(144);
  attr.writeUInt32LE(29, 0); // BPF_PROG_TYPE_LSM
  attr.writeUInt32LE(instructions.length / 8, 4);
  attr.writeBigUInt64LE(BigInt(koffi.address(instructions)), 8);
  attr.writeBigUInt64LE(BigInt(koffi.address(license)), 16);
  attr.writeUInt32LE(27, 68); // expected_attach_type: BPF_LSM_MAC
  attr.writeUInt32LE(attachBtfId, 108);
  return closing(call("bpf", PROG_LOAD, attr, attr.length));
}

/**
 * Puts a filter on the calling thread that holds sched_get_priority_max, and returns its listener.
 * It can not be taken off: only for a thread that ends soon. `flags`: of seccomp(2), besides NEW_LISTENER.
 */
export function holdThisThread(flags: number): Trial {
  const prctl = c("int prctl(int, ulong, ulong, ulong, ulong)");
  const privileges = trial(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  if (!privileges.ok) return privileges;
  const nr = NUMBERS.sched_get_priority_max[process.arch === "arm64" ? 1 : 0];
  const program = Buffer.alloc(4 * 8);
  const put = (at: number, code: number, jump: number, value: number): void => {
    program.writeUInt16LE(code, at * 8);
    program.writeUInt8(jump, at * 8 + 3);
    program.writeUInt32LE(value, at * 8 + 4);
  };
  put(0, 0x20, 0, 0); // load the system call number
  put(1, 0x15, 1, nr); // equal: fall through, else skip one
  put(2, 0x06, 0, SECCOMP_RET_USER_NOTIF);
  put(3, 0x06, 0, SECCOMP_RET_ALLOW);
  const fprog = Buffer.alloc(16);
  fprog.writeUInt16LE(4, 0);
  fprog.writeBigUInt64LE(BigInt(koffi.address(program)), 8);
  const NEW_LISTENER = 1 << 3;
  return call("seccomp", SECCOMP_SET_MODE_FILTER, flags | NEW_LISTENER, fprog);
}

/** Makes the call that `holdThisThread` holds; its result tells what the answering side did. */
export function heldCall(): Trial {
  return call("sched_get_priority_max", HELD_ARGUMENT);
}

/** Asks for the wake-up of the answered task on this processor. */
export function trySyncWakeUp(listener: number): Trial {
  const ioctl = libc().func("ioctl", "int", ["int", "ulong", "ulong"]) as (
    ...args: unknown[]
  ) => number;
  return trial(ioctl(listener, SET_FLAGS, 1));
}

/** Takes the next held call, waiting up to `timeoutMs`, and lets it go on. */
export function answerContinue(listener: number, timeoutMs: number): Trial {
  const id = receive(listener, timeoutMs);
  if (typeof id !== "bigint") return id;
  const response = Buffer.alloc(24);
  response.writeBigUInt64LE(id, 0);
  response.writeUInt32LE(1, 20);
  return ioctl(listener, SEND, response);
}

/** Takes the next held call and answers it, in one step, with a copy of descriptor `fd`. */
export function answerWithFd(listener: number, fd: number, timeoutMs: number): Trial {
  const id = receive(listener, timeoutMs);
  if (typeof id !== "bigint") return id;
  const addfd = Buffer.alloc(24);
  addfd.writeBigUInt64LE(id, 0);
  addfd.writeUInt32LE(2, 8); // SECCOMP_ADDFD_FLAG_SEND
  addfd.writeUInt32LE(fd, 12);
  const done = ioctl(listener, ADDFD, addfd);
  if (done.ok) return done;
  // the thread is still held: let it go, whatever became of the try
  const response = Buffer.alloc(24);
  response.writeBigUInt64LE(id, 0);
  response.writeUInt32LE(1, 20);
  ioctl(listener, SEND, response);
  return done;
}

function receive(listener: number, timeoutMs: number): bigint | Trial {
  const fds = Buffer.alloc(8);
  fds.writeInt32LE(listener, 0);
  fds.writeInt16LE(POLLIN, 4);
  const ready = trial(c("int poll(void *, ulong, int)")(fds, 1, timeoutMs));
  if (!ready.ok) return ready;
  if (ready.value === 0) return { ok: false, errno: "ETIMEDOUT" };
  const notification = Buffer.alloc(80);
  const received = ioctl(listener, RECV, notification);
  return received.ok ? notification.readBigUInt64LE(0) : received;
}

function ioctl(fd: number, request: number, argument: Buffer): Trial {
  return trial(c("int ioctl(int, ulong, void *)")(fd, request, argument));
}
