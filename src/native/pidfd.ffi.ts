// SPDX-License-Identifier: Apache-2.0
// Processes that are not our children, held by a descriptor: signalled without a race with the reuse of their number, and asked how they
// ended.
import { c, errno } from "./libc.ffi.ts";
import { NativeError } from "./native-error.ts";

/** The same on x86-64 and aarch64. */
const NR_PIDFD_OPEN = 434;
const NR_PIDFD_SEND_SIGNAL = 424;
/** _IOWR(0xff, 11, struct pidfd_info) in its first size (uapi/linux/pidfd.h, 6.13). */
const GET_INFO = 0xc040ff0b;
const INFO_BYTES = 64;
/** PIDFD_INFO_EXIT (6.15) */
const INFO_EXIT = 8n;
const EXIT_CODE_AT = 60;

/** The caller closes it. @throws NativeError CALL_FAILED (ESRCH: there is no such process) */
export function openPidfd(pid: number): number {
  const fd = Number(c("long syscall(long, long, long)")(NR_PIDFD_OPEN, pid, 0));
  if (fd < 0) throw NativeError.ofCall("pidfd_open", errno());
  return fd;
}

/** @returns false when it has ended, or may not be signalled */
export function signalPidfd(pidfd: number, signal: number): boolean {
  const call = c("long syscall(long, long, long, void *, long)");
  return Number(call(NR_PIDFD_SEND_SIGNAL, pidfd, signal, null, 0)) === 0;
}

/**
 * How a process has ended, as a status of wait(2). Known once somebody has waited for it, to whoever held a pidfd before.
 * @returns "later" while nothing is known; undefined when this kernel never tells (before Linux 6.15)
 */
export function exitStatusOf(pidfd: number): number | "later" | undefined {
  const info = Buffer.alloc(INFO_BYTES);
  info.writeBigUInt64LE(INFO_EXIT, 0);
  if (c("int ioctl(int, ulong, void *)")(pidfd, GET_INFO, info) < 0) return undefined;
  return (info.readBigUInt64LE(0) & INFO_EXIT) === 0n ? "later" : info.readInt32LE(EXIT_CODE_AT);
}
