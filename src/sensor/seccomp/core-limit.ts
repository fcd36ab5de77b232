// SPDX-License-Identifier: Apache-2.0
// Core files: written by the kernel for whoever crashes, with content and folder of the crashing process's choice, and no
// open that could be held. An enforced workload starts without them; raising the limit is an event.
import { addressOf, sys } from "../../native/syscalls.ffi.ts";

const NR_PRLIMIT64 = process.arch === "arm64" ? 261 : 302;
const RLIMIT_CORE = 4;

/** Sets the soft limit of core files to 0 for a task that is held before its first exec; all its descendants inherit it. */
export function forbidCoreFiles(pid: number): void {
  const limit = Buffer.alloc(16); // struct rlimit64 {soft, hard}
  const at = Number(addressOf(limit));
  if (Number(sys().syscall4(NR_PRLIMIT64, pid, RLIMIT_CORE, 0, at)) !== 0) return;
  limit.fill(0, 0, 8);
  sys().syscall4(NR_PRLIMIT64, pid, RLIMIT_CORE, at, 0);
}
