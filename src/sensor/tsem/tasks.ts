// SPDX-License-Identifier: Apache-2.0
// Which task has which serial number (tnum), as records told; and the tasks of a workload from /proc. Needed for one thing:
// a record that does not say which task waits (docs/tsem.md, "A record without a pid").
import { readdirSync, readFileSync } from "node:fs";
import { descendants } from "../seccomp/launch-tree.ts";
import { MAX_KNOWN_TASKS } from "./limits.ts";

export class KnownTasks {
  readonly #tnums = new Map<number, bigint>();

  note(pid: number, tnum: bigint): void {
    // the newest is last, so that the first is the one to forget
    if (this.#tnums.get(pid) === tnum) return;
    this.#tnums.delete(pid);
    this.#tnums.set(pid, tnum);
    if (this.#tnums.size <= MAX_KNOWN_TASKS) return;
    for (const oldest of this.#tnums.keys()) {
      this.#tnums.delete(oldest);
      break;
    }
  }

  tnumOf(pid: number): bigint | undefined {
    return this.#tnums.get(pid);
  }
}

/** A process of the workload with its threads. */
export interface ProcessTasks {
  readonly pid: number;
  readonly tids: readonly number[];
}

/**
 * Processes of the workload: those of its cgroup, else `first` and what is below it.
 * @param cgroup folder of the cgroup
 */
export function workloadTasks(first: number, cgroup: string | undefined): ProcessTasks[] {
  const pids = (cgroup === undefined ? undefined : procsIn(cgroup)) ?? [
    first,
    ...descendants(first),
  ];
  return pids.map((pid) => ({ pid, tids: threadsOf(pid) })).filter(({ tids }) => tids.length > 0);
}

function procsIn(folder: string): number[] | undefined {
  try {
    const own = readFileSync(`${folder}/cgroup.procs`, "latin1")
      .split("\n")
      .filter(Boolean)
      .map(Number);
    const below = readdirSync(folder, { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    return [...own, ...below.flatMap(({ name }) => procsIn(`${folder}/${name}`) ?? [])];
  } catch {
    return undefined;
  }
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}
