// SPDX-License-Identifier: Apache-2.0
// Who calls, by more than the number of a process: another one may have it later, while the connection is still the same.
import { readFileSync } from "node:fs";
import type { Peer } from "../../native/unix-socket.ffi.ts";
import { ApiError } from "../errors.ts";

export interface Caller extends Peer {
  /** When its process began (clock ticks since boot); undefined: it was gone, or is not to be seen from here. */
  readonly began: string | undefined;
}

/** @param peer of a connection that was made just now */
export function callerOf(peer: Peer): Caller {
  return { ...peer, began: beginOf(peer.pid) };
}

/** Refuses when the process that has connected is there no more. @throws ApiError NOT_ALLOWED */
export function requireSame({ pid, began }: Caller): void {
  // of another pid namespace: nothing is known of it but its user
  if (pid === 0 || (began !== undefined && beginOf(pid) === began)) return;
  throw new ApiError("NOT_ALLOWED", `process ${pid} is gone: it is not known whose it was`);
}

/** Field 22 of proc_pid_stat(5); the name before it may hold anything. */
function beginOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
