// SPDX-License-Identifier: Apache-2.0
// File mode creation mask of a process, read when it is needed and remembered until somebody calls umask(2) or execs.
import { readStatus } from "./proc.ts";
import type { Process } from "./tasks.ts";

/** The umask; 0o022 for a process that is gone. */
export function umaskOf(process: Process): number {
  if (process.umask < 0) process.umask = readStatus(process.tgid)?.umask ?? 0o022;
  return process.umask;
}
