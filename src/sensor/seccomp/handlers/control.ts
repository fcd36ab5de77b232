// SPDX-License-Identifier: Apache-2.0
// Calls that are notified only for the sensor's own books: fork, exit, umask, affinity. They give no events.
import type { Call } from "../call.ts";
import { CONTINUE, REFUSED, type Reply } from "../reply.ts";
import { namespaces } from "./mount.ts";
import { schedule } from "./supervised.ts";

const CLONE_VM = 0x100;
const CLONE_PARENT = 0x8000;
const CLONE_THREAD = 0x10000;
/** In clone the low byte is the exit signal, so CLONE_NEWTIME (0x80) can not be asked for. */
const CLONE_NEW = 0x7e020000;

/** clone, fork, vfork: children inherit identity and trust, so nobody is born unseen. */
export function fork(call: Call): Reply {
  const { task, bench, rule } = call;
  const flags = rule.variant === "flags" ? call.u32(0) : rule.syscall === "vfork" ? CLONE_VM : 0;
  if ((flags & (CLONE_THREAD | CLONE_NEW)) === CLONE_THREAD) return CONTINUE;
  if ((flags & CLONE_NEW) !== 0) {
    const reply = namespaces(call);
    if (reply !== CONTINUE) return reply;
  }
  if (task.process.untrusted && bench.enforcing) return REFUSED;
  if ((flags & CLONE_VM) !== 0) task.process.sharesMemory = true;
  bench.tasks.willFork(task, (flags & CLONE_PARENT) !== 0);
  return CONTINUE;
}

/** exit_group: the children that were never seen are given their identity while the parent still has one. */
export function exit(call: Call): Reply {
  call.bench.tasks.adoptChildren(call.task.process);
  return CONTINUE;
}

/** umask(2). */
export function umask(call: Call): Reply {
  for (const process of call.bench.tasks.processes.values()) process.umask = -1;
  call.task.umaskPending = true;
  return CONTINUE;
}

/** sched_getaffinity, sched_setaffinity: kept in order with the placement that the agent lends (placement.ts). */
export function affinity(call: Call): Reply {
  return call.rule.syscall === "sched_setaffinity" ? schedule(call) : CONTINUE;
}
