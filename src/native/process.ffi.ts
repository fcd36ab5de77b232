// SPDX-License-Identifier: Apache-2.0
// What a process can do to itself, its children, its signals and its terminal, and Node has no function for.
import { constants } from "node:os";
import koffi from "koffi";
import { c, errno } from "./libc.ffi.ts";
import { NativeError } from "./native-error.ts";

const PR_SET_PDEATHSIG = 1;
const PR_SET_DUMPABLE = 4;
const PR_SET_CHILD_SUBREAPER = 36;
const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_SET_MODE_FILTER = 1;
const NR_SECCOMP = process.arch === "arm64" ? 277 : 317;
/** The same on x86-64 and aarch64. */
const NR_PIDFD_OPEN = 434;
/** O_EXCL */
const PIDFD_THREAD = 0o200;
const NR_RT_SIGACTION = process.arch === "arm64" ? 134 : 13;
const KERNEL_SIGACTION_BYTES = 32;
const KERNEL_SIGSET_BYTES = 8;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const LOCK_EX_NB = 2 | 4;
const RLIMIT_NOFILE = 7;
const SIG_SETMASK = 2;
const SIGSET_BYTES = 128;
const POINTER_BYTES = 8;
/** posix_spawnattr_t and posix_spawn_file_actions_t are not used; an empty pointer means "as the parent". */
const NOTHING = null;

export const WAIT_NO_HANG = 1;
export const WAIT_UNTRACED = 2;
export const WAIT_CONTINUED = 8;
export const WAIT_ALL = 0x40000000;

function check(call: string, result: number): number {
  if (result < 0) throw NativeError.ofCall(call, errno());
  return result;
}

function prctl(name: string, option: number, value: number): void {
  check(name, c("int prctl(int, ulong, ulong, ulong, ulong)")(option, value, 0, 0, 0));
}

// --- this process ---------------------------------------------------------------------------------------------------

/** From now on orphans among the descendants become children of this process. @throws NativeError */
export function becomeSubreaper(): void {
  prctl("prctl(PR_SET_CHILD_SUBREAPER)", PR_SET_CHILD_SUBREAPER, 1);
}

/** false: other processes of the same user may neither trace this one nor read its memory. @throws NativeError */
export function setDumpable(dumpable: boolean): void {
  prctl("prctl(PR_SET_DUMPABLE)", PR_SET_DUMPABLE, dumpable ? 1 : 0);
}

/** Signal that this process gets when the thread that started it ends. @throws NativeError */
export function setDeathSignal(signal: number): void {
  prctl("prctl(PR_SET_PDEATHSIG)", PR_SET_PDEATHSIG, signal);
}

/** This thread and what it starts gain no privileges by exec. @throws NativeError */
export function setNoNewPrivs(): void {
  prctl("prctl(PR_SET_NO_NEW_PRIVS)", PR_SET_NO_NEW_PRIVS, 1);
}

/** Flags of `installFilter` (linux/seccomp.h). */
export const FILTER_FLAGS = { tsync: 1, specAllow: 4, newListener: 8, waitKillable: 32 } as const;

/**
 * Installs a seccomp filter on the calling thread (on all with `tsync`). It can not be taken off again.
 * @param filter cBPF, 8 bytes an instruction
 * @returns the listener with `newListener`, else 0
 * @throws NativeError CALL_FAILED with the errno (EACCES: needs no_new_privs; EBUSY: there is a listener already)
 */
export function installFilter(filter: Uint8Array, flags: number): number {
  const instructions = Buffer.from(filter);
  const program = Buffer.alloc(2 * POINTER_BYTES);
  program.writeUInt16LE(instructions.length / 8, 0);
  program.writeBigUInt64LE(koffi.address(instructions), POINTER_BYTES);
  const call = c("long syscall(long, long, long, void *)");
  return check("seccomp", Number(call(NR_SECCOMP, SECCOMP_SET_MODE_FILTER, flags, program)));
}

/** Sets the soft limit of open files; a value above the hard limit changes nothing. */
export function setOpenFileLimit(soft: number): void {
  const limit = Buffer.alloc(16);
  if (c("int getrlimit(int, void *)")(RLIMIT_NOFILE, limit) < 0) return;
  if (BigInt(soft) > limit.readBigUInt64LE(8)) return;
  limit.writeBigUInt64LE(BigInt(soft), 0);
  c("int setrlimit(int, void *)")(RLIMIT_NOFILE, limit);
}

/** Ends the process at once: no exit handler runs, nothing is flushed. */
export function exitNow(status: number): void {
  c("void _exit(int)")(status);
}

/** Replaces this process by a program. @returns errno; it returns at all only when that failed. */
export function replaceProcess(
  path: string,
  argv: readonly string[],
  env: readonly string[],
): number {
  c("int execve(const char *, const char **, const char **)")(
    path,
    [...argv, null],
    [...env, null],
  );
  return errno();
}

// --- children -------------------------------------------------------------------------------------------------------

/**
 * Starts a program with the descriptors, signals and process group of this process. Unlike Node's own it is not waited
 * for by Node: the caller does that with `waitChild`.
 * @returns its pid
 * @throws NativeError CALL_FAILED
 */
export function spawnProcess(
  path: string,
  argv: readonly string[],
  env: readonly string[],
): number {
  const pid = Buffer.alloc(4);
  const spawn = c(
    "int posix_spawn(void *, const char *, void *, void *, const char **, const char **)",
  );
  const error = spawn(pid, path, NOTHING, NOTHING, [...argv, null], [...env, null]);
  if (error !== 0) throw NativeError.ofCall("posix_spawn", error);
  return pid.readInt32LE(0);
}

/** A child that changed, with its raw wait status; "none" when no child has changed, "childless" when there is no child. */
export type WaitResult = { readonly pid: number; readonly status: number } | "none" | "childless";

/** waitpid(2). @param pid a child, or -1 for any @param flags WAIT_* */
export function waitChild(pid: number, flags: number): WaitResult {
  const status = Buffer.alloc(4);
  const result = c("int waitpid(int, void *, int)")(pid, status, flags);
  if (result === 0) return "none";
  if (result < 0) return "childless";
  return { pid: result, status: status.readInt32LE(0) };
}

/**
 * A descriptor of a thread, by its id (of a process: of its first thread). Close-on-exec; the caller closes it. Needs Linux 6.9.
 * @returns undefined when there is no such thread
 * @throws NativeError CALL_FAILED
 */
export function openThread(tid: number): number | undefined {
  const fd = Number(c("long syscall(long, long, long)")(NR_PIDFD_OPEN, tid, PIDFD_THREAD));
  if (fd < 0 && errno() === constants.errno.ESRCH) return undefined;
  return check("pidfd_open", fd);
}

// --- descriptors ----------------------------------------------------------------------------------------------------

/** Whether `fd` is closed by exec. @throws NativeError */
export function setCloseOnExec(fd: number, closed: boolean): void {
  check("fcntl(F_SETFD)", c("int fcntl(int, int, int)")(fd, F_SETFD, closed ? FD_CLOEXEC : 0));
}

/** dup2(2): makes `to` the same open file as `from`. @throws NativeError */
export function duplicateTo(from: number, to: number): void {
  check("dup2", c("int dup2(int, int)")(from, to));
}

/** Locks the file or directory for this process without waiting; freed when the descriptor is closed, also by death. */
export function tryLock(fd: number): boolean {
  return c("int flock(int, int)")(fd, LOCK_EX_NB) === 0;
}

// --- signals --------------------------------------------------------------------------------------------------------

/** Disposition of a signal from 1 to 64, without Node or the C library (which keeps two for itself) knowing. */
export function setDisposition(signal: number, disposition: "default" | "ignore"): void {
  const action = Buffer.alloc(KERNEL_SIGACTION_BYTES); // handler, flags, restorer, mask
  action.writeBigUInt64LE(disposition === "ignore" ? 1n : 0n, 0);
  c("long syscall(long, long, void *, void *, long)")(
    NR_RT_SIGACTION,
    signal,
    action,
    NOTHING,
    KERNEL_SIGSET_BYTES,
  );
}

/** No signal is blocked in the calling thread. */
export function clearSignalMask(): void {
  c("int pthread_sigmask(int, void *, void *)")(SIG_SETMASK, Buffer.alloc(SIGSET_BYTES), NOTHING);
}

// --- terminal -------------------------------------------------------------------------------------------------------

/** Process group of `pid` (0: this process), or -1. */
export function processGroup(pid: number): number {
  return c("int getpgid(int)")(pid);
}

/** Process group in the foreground of the terminal `fd`, or -1 when it is not our terminal. */
export function foregroundGroup(fd: number): number {
  return c("int tcgetpgrp(int)")(fd);
}

/** Puts a group into the foreground. SIGTTOU has to be ignored when the caller is not there itself. */
export function setForegroundGroup(fd: number, group: number): boolean {
  return c("int tcsetpgrp(int, int)")(fd, group) === 0;
}

const LAST_SIGNAL = 64;

/** Signals as a program finds them: none blocked, all at their default but the `ignored` ones (bit n-1 for signal n). */
export function plainSignals(ignored: bigint): void {
  for (let number = 1; number <= LAST_SIGNAL; number++) {
    const ignore = ((ignored >> BigInt(number - 1)) & 1n) === 1n;
    setDisposition(number, ignore ? "ignore" : "default");
  }
  clearSignalMask();
}
