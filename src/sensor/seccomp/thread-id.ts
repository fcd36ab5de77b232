// SPDX-License-Identifier: Apache-2.0
// Kernel thread id of the calling thread.
import { sys } from "../../native/syscalls.ffi.ts";

const GETTID = process.arch === "arm64" ? 178 : 186;

/** gettid(2): in a worker thread it is not process.pid. */
export function threadId(): number {
  return Number(sys().syscall0(GETTID));
}
