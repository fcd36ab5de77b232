// SPDX-License-Identifier: Apache-2.0
// For whom a caller asks that serves others. Files of galgo mount are opened by their own modes, but orders written into them come from galgo mount: a
// workload's order would look like that of an outsider.
import { readFileSync } from "node:fs";
import type { Peer } from "../../native/unix-socket.ffi.ts";
import { ApiError } from "../errors.ts";

/**
 * The process that `peer` asks for, by the number of one of its threads (ASKER_HEADER). It is checked besides the caller, whose rights are what counts.
 * @throws ApiError NOT_ALLOWED where its numbers are not ours
 */
export function askerOf(text: string, peer: Peer): Peer {
  const thread = /^[1-9]\d{0,9}$/.test(text) ? statusOf(Number(text)) : "";
  const pid = Number(/^Tgid:\s*(\d+)$/m.exec(thread)?.[1] ?? 0);
  // a process of a pid namespace below ours has a second number there, and counts others as it is counted there
  if (pid > 0 && /^NSpid:\s*\d+$/m.test(statusOf(peer.pid))) return { ...peer, pid };
  throw new ApiError("NOT_ALLOWED", "whom this order is for can not be seen from here");
}

/** Empty: there is none. */
function statusOf(task: number): string {
  try {
    return readFileSync(`/proc/${task}/status`, "utf8");
  } catch {
    return "";
  }
}
