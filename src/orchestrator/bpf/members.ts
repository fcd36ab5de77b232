// SPDX-License-Identifier: Apache-2.0
// Processes that run already: which of them a run attaches to, and what /proc says of each.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { quote } from "../../base/quote.ts";
import type { Coe } from "../../event/index.ts";
import { pollAll } from "../../native/tsem.ffi.ts";
import { modeledAmong } from "../../sensor/bpf/index.ts";
import { parseStatus } from "../../sensor/seccomp/index.ts";
import { descendants, processEntry } from "../../sensor/tsem/index.ts";
import { allBelow, procsOf } from "../cgroup.ts";
import { cgroupRoot } from "../cgroup-mount.ts";
import { RunError } from "../errors.ts";
import type { AttachTarget } from "../run-request.ts";

/** Time that a cgroup gets to stop. */
const FREEZE_MS = 2_000;
const FREEZE_LOOK_MS = 2;

/** The target with the folder of its cgroup in place of another name of it. @throws RunError BAD_OPTION */
export function findTarget(target: AttachTarget): AttachTarget {
  const found = "pid" in target ? target : { cgroup: cgroupFolder(target.cgroup) };
  const members = membersOf(found);
  if (members.length === 0) {
    const none = "pid" in found ? `process ${found.pid}` : `process in ${quote(found.cgroup)}`;
    throw new RunError("BAD_OPTION", `there is no ${none}`);
  }
  if (members.includes(process.pid)) {
    throw new RunError(
      "BAD_OPTION",
      "Galgo can not decide for itself: it is one of the processes that it would attach to",
    );
  }
  requireFree(members);
  return found;
}

/** A task is in one namespace: another one would take it away from its model. @throws RunError BAD_OPTION */
function requireFree(members: readonly number[]): void {
  let modeled: number | undefined;
  try {
    modeled = modeledAmong(members);
  } catch {
    return; // who may not look at the programs can not attach: that is said where it is tried
  }
  if (modeled === undefined) return;
  throw new RunError(
    "BAD_OPTION",
    `process ${modeled} is modeled already by the sensor bpf: galgo ps, or galgo doctor where its Galgo was killed`,
  );
}

/** Path of a cgroup: a folder, or a path as /proc/PID/cgroup shows it. */
function cgroupFolder(path: string): string {
  const root = cgroupRoot();
  const choices = [path, ...(root === undefined ? [] : [join(root, path)])].filter(isAbsolute);
  const folder = choices.find((choice) => existsSync(join(choice, "cgroup.procs")));
  if (folder === undefined)
    throw new RunError("BAD_OPTION", `${quote(path)} is no cgroup (version 2)`);
  return folder;
}

/** Processes of a target, those that were there first before those that came of them. */
export function membersOf(target: AttachTarget): number[] {
  if ("cgroup" in target) return [target.cgroup, ...allBelow(target.cgroup)].flatMap(procsOf);
  if (processEntry(target.pid) === undefined) return [];
  return [target.pid, ...descendants(target.pid)];
}

/** Threads of a process; none when it is gone. */
export function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

/**
 * Stops everything in a cgroup, so that nothing forks or executes a program meanwhile. Processes that are not in one are not stopped:
 * their parents would see it.
 * @param waiting called while they are waited for
 * @returns what lets them go on
 */
export function freeze(target: AttachTarget, waiting: () => void): () => void {
  if ("pid" in target) return () => undefined;
  const file = join(target.cgroup, "cgroup.freeze");
  const write = (value: string): boolean => {
    try {
      writeFileSync(file, value, { flag: "r+" });
      return true;
    } catch {
      return false; // the root of all can not be frozen
    }
  };
  if (!write("1")) return () => undefined;
  const until = performance.now() + FREEZE_MS;
  while (!isFrozen(target.cgroup) && performance.now() < until) {
    waiting();
    pollAll([], FREEZE_LOOK_MS);
  }
  return () => {
    write("0");
  };
}

function isFrozen(cgroup: string): boolean {
  try {
    return /^frozen 1$/m.test(readFileSync(join(cgroup, "cgroup.events"), "latin1"));
  } catch {
    return true;
  }
}

/** Credentials and name of a process, as /proc tells them. */
export interface ProcessFacts {
  readonly comm: string;
  readonly parent: number;
  readonly coe: Coe;
}

/** undefined: it is gone, only its body is left, or it is a thread of the kernel's. */
export function processFacts(pid: number): ProcessFacts | undefined {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, "latin1");
  } catch {
    return undefined;
  }
  if (!/^VmSize:/m.test(status)) return undefined;
  const facts = parseStatus(status);
  return facts && { comm: facts.name, parent: facts.ppid, coe: facts.coe };
}
