// SPDX-License-Identifier: Apache-2.0
// What user space writes into the storage of tasks: which namespace a task belongs to, and which processes are Galgo's own.
import { readdirSync } from "node:fs";
import type { BpfMap } from "../../native/bpf-map.ffi.ts";
import { openThread } from "../../native/process.ffi.ts";
import { closeFd } from "../../native/tsem.ffi.ts";
import { TASK } from "./layout.gen.ts";

/** Where a task belongs. */
export interface Membership {
  readonly slot: number;
  readonly serial: number;
  /** Number of its identity (`IdentityNumbers`). */
  readonly identity: number;
}

/**
 * From now on everything that the thread does, and all that it forks, belongs to the namespace.
 * @param tasks galgo_tasks
 * @returns false when there is no such thread any more
 * @throws BpfError, NativeError
 */
export function markTask(tasks: BpfMap, tid: number, member: Membership): boolean {
  return write(tasks, tid, elementOf(member, 0));
}

function elementOf(member: Membership, untrusted: number): Buffer {
  const value = Buffer.alloc(TASK.bytes);
  value.writeUInt32LE(member.slot, TASK.at.slot);
  value.writeUInt32LE(member.serial, TASK.at.serial);
  value.writeUInt32LE(member.identity, TASK.at.identity);
  value.writeUInt8(untrusted, TASK.at.untrusted);
  return value;
}

/** Whether the thread belongs to the namespace: then so does what it forks. */
export function isMarked(
  tasks: BpfMap,
  tid: number,
  { slot, serial }: Omit<Membership, "identity">,
): boolean {
  return identityIn(tasks, tid, { slot, serial }) !== undefined;
}

/** The namespace that a thread was put or born into, which may be over; undefined: none. */
export function membershipOf(tasks: BpfMap, tid: number): Omit<Membership, "identity"> | undefined {
  const value = Buffer.alloc(TASK.bytes);
  if (withThread(tid, (key) => tasks.lookup(key, value)) !== true) return undefined;
  const slot = value.readUInt32LE(TASK.at.slot);
  return slot === 0 ? undefined : { slot, serial: value.readUInt32LE(TASK.at.serial) };
}

/** Identity number of a thread that belongs to the namespace; undefined: it does not. */
export function identityIn(
  tasks: BpfMap,
  tid: number,
  { slot, serial }: Omit<Membership, "identity">,
): number | undefined {
  const value = Buffer.alloc(TASK.bytes);
  if (withThread(tid, (key) => tasks.lookup(key, value)) !== true) return undefined;
  const is =
    value.readUInt32LE(TASK.at.slot) === slot && value.readUInt32LE(TASK.at.serial) === serial;
  return is ? value.readUInt32LE(TASK.at.identity) : undefined;
}

/**
 * Gives a thread of the namespace another identity; it stays untrusted if it was. What a program is at just then for that thread goes on
 * as if nothing had happened.
 */
export function remarkTask(tasks: BpfMap, tid: number, member: Membership): void {
  const before = Buffer.alloc(TASK.bytes);
  if (withThread(tid, (key) => tasks.lookup(key, before)) !== true) return;
  const untrusted = before.readUInt8(TASK.at.untrusted);
  write(tasks, tid, elementOf(member, untrusted));
}

/** Modeled tasks must not touch these processes, whatever their model says: Galgo, its guards, its anchors. */
export function protectProcess(tasks: BpfMap, pid: number): void {
  const value = Buffer.alloc(TASK.bytes);
  value.writeUInt8(1, TASK.at.protect);
  for (const tid of threadsOf(pid)) write(tasks, tid, value);
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return []; // it has ended
  }
}

function write(tasks: BpfMap, tid: number, value: Buffer): boolean {
  return withThread(tid, (key) => tasks.update(key, value)) !== undefined;
}

/** Does `work` with the key of a thread's storage; undefined: there is no such thread. */
function withThread<T>(tid: number, work: (key: Buffer) => T): T | undefined {
  const fd = openThread(tid);
  if (fd === undefined) return undefined;
  const key = Buffer.alloc(4);
  key.writeInt32LE(fd);
  try {
    return work(key);
  } finally {
    closeFd(fd);
  }
}
