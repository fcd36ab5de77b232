// SPDX-License-Identifier: Apache-2.0
// Keeps workloads from giving orders about themselves: a process of one may be root, and root may do everything here.
import { readFileSync, readlinkSync } from "node:fs";
import type { Peer } from "../../native/unix-socket.ffi.ts";
import { modeledAmong } from "../../sensor/bpf/index.ts";
import { ApiError } from "../errors.ts";
import { MAX_ANCESTORS } from "../limits.ts";
import type { ManagedRun } from "../registry/managed-run.ts";

/** Where a workload is. */
type Place = Pick<ManagedRun, "pids" | "origin">;

/**
 * Refuses a caller that belongs to a workload of this daemon, or descends from it, and one that is gone, because then it is not known.
 * @throws ApiError NOT_ALLOWED; BpfError
 */
export function requireOutsider({ pid }: Peer, runs: readonly Place[]): void {
  if (runs.length === 0) return;
  // one that was left behind by a process that had been joined descends from nobody of ours: the kernel knows who it is
  const joined = runs.some(({ origin }) => origin.kind === "attached");
  if (joined && pid > 0 && modeledAmong([pid]) !== undefined) throw fromInside();
  const processes = new Set(runs.flatMap(({ pids }) => pids));
  const containers = new Set(runs.flatMap(mountsOfContainer));
  const isInside = (process: number): boolean =>
    processes.has(process) || containers.has(mountsOf(process) ?? "");
  let ancestor = pid;
  for (let depth = 0; depth < MAX_ANCESTORS; depth += 1) {
    if (isInside(ancestor)) throw fromInside();
    const parent = parentOf(ancestor);
    if (parent === undefined)
      throw new ApiError("NOT_ALLOWED", `process ${pid} is gone: it is not known whose it was`);
    if (parent === 0) return;
    ancestor = parent;
  }
  throw new ApiError("NOT_ALLOWED", `process ${pid} has more than ${MAX_ANCESTORS} ancestors`);
}

/** What is executed in a container later descends from others, and has its view of the file system. */
function mountsOfContainer({ origin }: Place): string[] {
  const mounts = origin.kind === "container" ? mountsOf(origin.pid) : undefined;
  // everybody else would be inside, too
  return mounts === undefined || mounts === mountsOf("self") ? [] : [mounts];
}

/** The mount namespace of a process; undefined: it is gone, or of somebody else. */
function mountsOf(process: number | "self"): string | undefined {
  try {
    return readlinkSync(`/proc/${process}/ns/mnt`);
  } catch {
    return undefined;
  }
}

function fromInside(): ApiError {
  return new ApiError("NOT_ALLOWED", "a workload may not give orders to the daemon that has it");
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
