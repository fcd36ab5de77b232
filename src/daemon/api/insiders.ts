// SPDX-License-Identifier: Apache-2.0
// Keeps workloads from giving orders about themselves: a process of one may be root, and root may do everything here.
import { readFileSync } from "node:fs";
import type { Peer } from "../../native/unix-socket.ffi.ts";
import { ApiError } from "../errors.ts";
import { MAX_ANCESTORS } from "../limits.ts";
import type { ManagedRun } from "../registry/managed-run.ts";

/**
 * Refuses a caller that descends from a workload of this daemon, and one that is gone, because then it is not known.
 * @throws ApiError NOT_ALLOWED
 */
export function requireOutsider({ pid }: Peer, runs: readonly ManagedRun[]): void {
  const inside = new Set(runs.flatMap(({ pids }) => pids));
  if (inside.size === 0) return;
  let ancestor = pid;
  for (let depth = 0; depth < MAX_ANCESTORS; depth += 1) {
    if (inside.has(ancestor))
      throw new ApiError("NOT_ALLOWED", "a workload may not give orders to the daemon that has it");
    const parent = parentOf(ancestor);
    if (parent === undefined)
      throw new ApiError("NOT_ALLOWED", `process ${pid} is gone: it is not known whose it was`);
    if (parent === 0) return;
    ancestor = parent;
  }
  throw new ApiError("NOT_ALLOWED", `process ${pid} has more than ${MAX_ANCESTORS} ancestors`);
}

/** 0: it has none. @returns undefined when there is no such process */
function parentOf(pid: number): number | undefined {
  // of another pid namespace: its ancestors are not to be seen from here, and nothing launched here can be in it
  if (pid === 0) return 0;
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^PPid:\s*(\d+)/m.exec(status)?.[1] ?? 0);
  } catch {
    return undefined;
  }
}
