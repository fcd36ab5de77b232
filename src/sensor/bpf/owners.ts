// SPDX-License-Identifier: Apache-2.0
// Who uses which slot: an empty folder for each, whose name says the slot and the process. Folders of a BPF file system can hold
// no text, but making and removing one is atomic. All of this happens under the lock.
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmdirSync } from "node:fs";
import { join } from "node:path";

/** A slot in use. `start` (clock ticks after boot) tells a process from a later one with its pid. */
export interface SlotOwner {
  readonly slot: number;
  readonly pid: number;
  readonly start: string;
  /** Number of the pid namespace: elsewhere a pid says nothing. */
  readonly pids: string;
}

const NAME = /^(\d{1,5})_(\d{1,10})_(\d{1,20})_(\d{1,10})$/;

export function slotOwners(folder: string): SlotOwner[] {
  return readdirSync(folder).flatMap((name) => {
    const [, slot, pid, start = "", pids = ""] = NAME.exec(name) ?? [];
    return slot === undefined ? [] : [{ slot: Number(slot), pid: Number(pid), start, pids }];
  });
}

/** Takes a slot for this process. */
export function addOwner(folder: string, slot: number): SlotOwner {
  const pid = process.pid;
  const owner = { slot, pid, start: startOf(pid) ?? "0", pids: pidNamespace() };
  mkdirSync(join(folder, nameOf(owner)), { mode: 0o700 });
  return owner;
}

/** Gives a slot back to a process that has died, so that another one may take it over. */
export function restoreOwner(folder: string, owner: SlotOwner): void {
  mkdirSync(join(folder, nameOf(owner)), { mode: 0o700 });
}

/** The same slot in the hands of a process that is not there: no process of ours starts with the machine. */
export function asDead(owner: SlotOwner): SlotOwner {
  return { ...owner, start: "0" };
}

export function removeOwner(folder: string, owner: SlotOwner): void {
  rmdirSync(join(folder, nameOf(owner)));
}

/** Whether the process is there. One of another pid namespace counts as there: it can not be looked at from here. */
export function isAlive(owner: SlotOwner): boolean {
  return owner.pids !== pidNamespace() || startOf(owner.pid) === owner.start;
}

function nameOf({ slot, pid, start, pids }: SlotOwner): string {
  return `${slot}_${pid}_${start}_${pids}`;
}

/** Field 22 of /proc/PID/stat; undefined when there is no such process, or only its body. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function pidNamespace(): string {
  return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0";
}
