// SPDX-License-Identifier: Apache-2.0
// For whom a caller asks that serves others. Files of galgo mount are opened by their own modes, but orders written into them come from galgo mount: a
// workload's order would look like that of an outsider.
import { readFileSync } from "node:fs";
import type { Peer } from "../../native/unix-socket.ffi.ts";
import { ApiError } from "../errors.ts";

/**
 * The process that `peer` asks for, by the number that it says (ASKER_HEADER). It is checked besides the caller, whose rights are what counts.
 * @throws ApiError NOT_ALLOWED where its numbers are not ours
 */
export function askerOf(text: string, peer: Peer): Peer {
  const pid = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : 0;
  if (pid > 0 && hasOurNumbers(peer.pid)) return { ...peer, pid };
  throw new ApiError("NOT_ALLOWED", "whom this order is for can not be seen from here");
}

/** A process of a pid namespace below ours has a second number there, and counts others as it is counted there. */
function hasOurNumbers(pid: number): boolean {
  try {
    return /^NSpid:\s*\d+$/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
