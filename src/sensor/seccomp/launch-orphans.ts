// SPDX-License-Identifier: Apache-2.0
// The end of a workload whose guard was killed: its processes have become children of Galgo, which is a subreaper too.
import { setTimeout as pause } from "node:timers/promises";
import { WAIT_ALL, WAIT_NO_HANG, waitChild } from "../../native/process.ffi.ts";
import { children, descendants, filterCount, killProcess, processEntry } from "./launch-tree.ts";

const PASS_INTERVAL_MS = 5;
/** After that many passes (about ten seconds) what is left can not be killed by us: uninterruptible, or somebody else's. */
const MAX_PASSES = 2000;

/**
 * Kills every workload process that was orphaned to this process, with all below it, until none is left.
 * Other children of this process are told apart by carrying no more seccomp filters than this process itself.
 * Without filters they are told apart by not having been there before.
 * @param first the workload's first process, if it was known
 * @param others children of this process that are not the workload's; undefined: filters tell
 */
export async function killOrphans(
  first: number | undefined,
  others?: ReadonlySet<number>,
): Promise<void> {
  const own = filterCount("self");
  const isOrphan = (pid: number): boolean =>
    others === undefined ? filterCount(pid) > own : !others.has(pid);
  const taken = new Set<number>(first === undefined ? [] : [first]);
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    for (const pid of children(process.pid).filter(isOrphan)) taken.add(pid);
    if (taken.size === 0) return;
    for (const pid of taken) endOrphan(pid, taken);
    await pause(PASS_INTERVAL_MS);
  }
}

function endOrphan(pid: number, taken: Set<number>): void {
  const entry = processEntry(pid);
  if (entry === undefined || entry.parent !== process.pid) {
    taken.delete(pid);
    return;
  }
  for (const below of descendants(pid)) killProcess(below);
  killProcess(pid);
  // Node waits only for children that it started, so these would stay zombies
  const result = waitChild(pid, WAIT_NO_HANG | WAIT_ALL);
  if (result !== "none") taken.delete(pid);
}
