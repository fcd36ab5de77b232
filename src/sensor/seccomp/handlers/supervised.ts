// SPDX-License-Identifier: Apache-2.0
// Limits, priorities and owners of descriptors: what a process can do to another one without sending it a signal or
// tracing it. Aimed at the workload itself they are no events; aimed beyond it they are, and at Galgo's own processes
// they are refused.
import { sys } from "../../../native/syscalls.ffi.ts";
import type { Call } from "../call.ts";
import { E } from "../../file/open-flags.ts";
import { CONTINUE, OK, REFUSED, type Reply, fail } from "../reply.ts";
import { copyFd } from "../sockets.ts";
import { groupOf, holdsGalgo, isProtected } from "./task.ts";

const RLIMIT_CORE = 4;
const NR_FCNTL = process.arch === "arm64" ? 25 : 72;
const FCNTL = { SETOWN: 8, SETOWN_EX: 15 } as const;
/** Types of struct f_owner_ex {type, pid}. */
const OWNER_GROUP = 2;
/** Values of `which`: setpriority counts from 0, ioprio_set from 1. */
const WHICH_PROCESS = 0;
const WHICH_GROUP = 1;

/** Whom a call is aimed at. */
type Aim = "own" | "workload" | "outside" | "galgo";

function aimAt(call: Call, pid: number): Aim {
  if (pid === 0) return "own";
  const process = call.bench.tasks.find(pid);
  if (process !== undefined) return process === call.task.process ? "own" : "workload";
  return isProtected(call, pid) ? "galgo" : "outside";
}

/** A process group; 0: the task's own. */
function aimAtGroup(call: Call, group: number): Aim {
  const wanted = group === 0 ? groupOf(call.task.process.tgid) : group;
  if (holdsGalgo(call, wanted)) return "galgo";
  for (const process of call.bench.tasks.processes.values()) {
    if (groupOf(process.tgid) === wanted) return "workload";
  }
  return "outside";
}

/** An event when `told` or when it goes beyond the workload; `args` are the numbers that make the behaviour. */
function decide(call: Call, aim: Aim, args: readonly number[], told: boolean): Reply {
  const beyond = aim === "outside" || aim === "galgo";
  if (!beyond && !told) return CONTINUE;
  // that it is Galgo's process is no part of the behaviour: the same call would be the same event without Galgo
  const text = beyond ? "outside" : aim;
  const refusal = call.syscallRefusal(args.map(BigInt), text);
  if (refusal !== undefined) return refusal;
  return aim === "galgo" && call.bench.policy.enforcing ? REFUSED : CONTINUE;
}

/** prlimit64 with a new limit. The size of core files is told: the kernel writes them without any open. */
export function prlimit(call: Call): Reply {
  const resource = call.u32(1);
  return decide(call, aimAt(call, call.pid(0)), [resource], resource === RLIMIT_CORE);
}

/** sched_setscheduler, sched_setparam, sched_setattr, sched_setaffinity, migrate_pages, move_pages of another process. */
export function schedule(call: Call): Reply {
  return decide(call, aimAt(call, call.pid(0)), [], false);
}

/** setpriority, ioprio_set: a process, a group, or all processes of a user. */
export function priority(call: Call): Reply {
  const which = call.u32(0) - (call.rule.syscall === "ioprio_set" ? 1 : 0);
  const who = call.i32(1);
  const group = which === WHICH_GROUP;
  const aim = which === WHICH_PROCESS ? aimAt(call, who) : group ? aimAtGroup(call, who) : "galgo";
  return decide(call, aim, [which], false);
}

/** fcntl F_SETOWN, F_SETOWN_EX, F_SETSIG: who gets which signal when a descriptor becomes ready. */
export function signalOwner(call: Call): Reply {
  const command = call.u32(1);
  if (command === FCNTL.SETOWN_EX) return ownerStruct(call);
  if (command !== FCNTL.SETOWN) return call.syscallRefusal([call.u64(1), call.u64(2)]) ?? CONTINUE;
  const pid = call.i32(2);
  return decide(call, pid < 0 ? aimAtGroup(call, -pid) : aimAt(call, pid), [command], false);
}

/** The struct is in memory: the agent sets the owner that was decided on, on its copy of the descriptor. */
function ownerStruct(call: Call): Reply {
  const owner = call.bytes(2, 8);
  if (typeof owner === "number") return fail(owner);
  const [type, pid] = [owner.readInt32LE(0), owner.readInt32LE(4)];
  const aim = type === OWNER_GROUP ? aimAtGroup(call, pid) : aimAt(call, pid);
  const reply = decide(call, aim, [FCNTL.SETOWN_EX], false);
  if (reply !== CONTINUE || call.acting() !== "same") return reply;
  const fd = copyFd(call.task.process, call.i32(0));
  if (fd < 0) return fail(E.BADF);
  const status = Number(sys().syscallBuffer3(NR_FCNTL, fd, FCNTL.SETOWN_EX, owner));
  sys().close(fd);
  return status === 0 ? OK : fail(E.INVAL);
}
