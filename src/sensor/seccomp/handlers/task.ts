// SPDX-License-Identifier: Apache-2.0
// What tasks do to tasks and to themselves: signals, tracing, credentials, prctl.
import { readFileSync } from "node:fs";
import { errno } from "../../../native/libc.ffi.ts";
import type { Call } from "../call.ts";
import { MAX_GROUPS } from "../limits.ts";
import { E } from "../../file/open-flags.ts";
import { CONTINUE, REFUSED, type Reply, fail } from "../reply.ts";
import { readProc, readStatus } from "../proc.ts";
import { copyFd } from "../sockets.ts";
import { sys } from "../../../native/syscalls.ffi.ts";
import type { Process } from "../tasks.ts";

const PTRACE = { TRACEME: 0 } as const;
/** PTRACE_MODE_ATTACH | PTRACE_MODE_REALCREDS (include/linux/ptrace.h). */
const MODE_ATTACH = 0x12;
const MODE_READ = 0x11;
/** Signals that nobody can block, Galgo's processes included. */
const UNBLOCKABLE = new Set([9, 19]);
/** PIDFD_SIGNAL_PROCESS_GROUP (6.9). */
const PIDFD_GROUP = 4;
const PR_SET_CHILD_SUBREAPER = 36;
const LSM_SETID = { ID: 1, RE: 2, RES: 4, FS: 8 } as const;

/** kill, tkill, tgkill, sigqueueinfo, pidfd_send_signal: an event for each process that would get the signal. */
export function kill(call: Call): Reply {
  const { at, variant } = call.rule;
  const sig = call.u32(at.value ?? 1);
  if (variant === "pidfd") return signalByPidfd(call, sig);
  const target = call.i32(at.id ?? 0);
  return target > 0 ? signalOne(call, call.pid(at.id ?? 0), sig) : signalGroup(call, target, sig);
}

function signalByPidfd(call: Call, sig: number): Reply {
  const target = pidOfPidfd(call);
  if (typeof target === "object") return target;
  const toGroup = (call.u32(3) & PIDFD_GROUP) !== 0;
  return toGroup ? signalGroup(call, -target, sig) : signalOne(call, target, sig);
}

/** Whether a process or thread id is one of Galgo's own. */
export function isProtected({ bench }: Call, id: number): boolean {
  return bench.protectedPids.has(id) || bench.protectedPids.has(readStatus(id)?.tgid ?? -1);
}

function signalOne(call: Call, pid: number, sig: number): Reply {
  const { bench } = call;
  const process = bench.tasks.find(pid);
  if (process === undefined && bench.policy.enforcing && isProtected(call, pid)) {
    // the signal would end the supervision itself: refused whatever the model says, and recorded
    return signalEvent(call, undefined, sig) ?? REFUSED;
  }
  return signalEvent(call, process, sig) ?? CONTINUE;
}

function signalEvent(call: Call, target: Process | undefined, sig: number): Reply | undefined {
  const zeros = "0".repeat(call.bench.sink.emptyDigest.length);
  return call.refusal("task_kill", {
    target: target?.identity.taskId ?? zeros,
    sig,
    crossNs: target === undefined ? 1 : 0,
  });
}

/**
 * pid 0: own group; -1: everything; -n: group n. Without job control the workload shares its group with Galgo: a signal that
 * can not be blocked would end the supervision together with what was meant.
 */
function signalGroup(call: Call, pid: number, sig: number): Reply {
  if (pid === -1)
    return call.bench.policy.enforcing ? allOrNothing(call, sig) : everything(call, sig);
  const group = pid === 0 ? groupOf(call.task.process.tgid) : -pid;
  if (UNBLOCKABLE.has(sig) && holdsGalgo(call, group)) {
    return call.bench.policy.enforcing ? allOrNothing(call, sig) : everything(call, sig);
  }
  return signalMembers(call, group, sig);
}

/** Whether one of Galgo's own processes is in a process group. */
export function holdsGalgo({ bench }: Call, group: number): boolean {
  return [...bench.protectedPids].some((pid) => groupOf(pid) === group);
}

function signalMembers(call: Call, group: number, sig: number): Reply {
  const seen = new Set<string>();
  for (const process of call.bench.tasks.processes.values()) {
    if (groupOf(process.tgid) !== group || seen.has(process.identity.taskId)) continue;
    seen.add(process.identity.taskId);
    const refusal = signalEvent(call, process, sig);
    if (refusal !== undefined) return refusal;
  }
  if (seen.size === 0) return signalEvent(call, undefined, sig) ?? CONTINUE;
  return CONTINUE;
}

/** kill(-1) reaches beyond the workload: outside by definition. */
function everything(call: Call, sig: number): Reply {
  return signalEvent(call, undefined, sig) ?? CONTINUE;
}

function allOrNothing(call: Call, sig: number): Reply {
  return signalEvent(call, undefined, sig) ?? REFUSED;
}

/** Process group: field 5 of /proc/PID/stat, behind the name in parentheses. */
export function groupOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[2]);
  } catch {
    return -1;
  }
}

/** Whom a pidfd of the task is about, in this process's namespace; a reply when it is about nobody. */
function pidOfPidfd(call: Call): number | Reply {
  const number = call.i32(call.rule.at.fd ?? 0);
  if (number < 0) return fail(E.BADF);
  const fd = copyFd(call.task.process, number);
  if (fd < 0) return call.noDescriptor({ kind: "error", errno: errno() });
  const text = readProc(`/proc/thread-self/fdinfo/${fd}`) ?? "";
  sys().close(fd);
  const pid = Number(/^Pid:\t(-?\d+)$/m.exec(text)?.[1] ?? Number.NaN);
  if (Number.isNaN(pid)) return fail(E.BADF);
  return pid > 0 ? pid : fail(E.SRCH);
}

/** ptrace: only requests that begin to trace (the filter lets the rest pass: they need a tracee that was decided on). */
export function ptrace(call: Call): Reply {
  const request = call.u32(0);
  if (request === PTRACE.TRACEME) {
    const parent = call.bench.tasks.find(call.task.process.ppid);
    const source = parent?.identity.taskId ?? "0".repeat(call.bench.sink.emptyDigest.length);
    return call.refusal("ptrace_traceme", { source }) ?? CONTINUE;
  }
  return access(call, call.pid(1), MODE_ATTACH);
}

/** process_vm_readv, process_vm_writev, kcmp, process_madvise, pidfd_getfd. */
export function accessTask(call: Call): Reply {
  const { at, variant } = call.rule;
  const pid = variant === "pidfd" ? pidOfPidfd(call) : call.pid(at.id ?? 0);
  if (typeof pid === "object") return pid;
  return access(call, pid, variant === "read" ? MODE_READ : MODE_ATTACH);
}

function access(call: Call, pid: number, mode: number): Reply {
  const target = call.bench.tasks.find(pid);
  const child = target?.identity.taskId ?? "0".repeat(call.bench.sink.emptyDigest.length);
  const refusal = call.refusal("ptrace_access_check", { child, mode });
  if (refusal !== undefined) return refusal;
  return call.bench.policy.enforcing && isProtected(call, pid) ? REFUSED : CONTINUE;
}

/** setuid, setreuid, setresuid, setfsuid and the same for groups. */
export function setIds(call: Call): Reply {
  const { variant = "ID", args = [], hook } = call.rule;
  const cell = {
    flags: LSM_SETID[variant as keyof typeof LSM_SETID],
    ids: args.map((index) => call.u32(index)),
  };
  const refusal =
    hook === "task_fix_setgid"
      ? call.refusal("task_fix_setgid", cell)
      : call.refusal("task_fix_setuid", cell);
  return refusal ?? credentialsChange(call);
}

/** setgroups. */
export function setGroups(call: Call): Reply {
  const count = call.u32(0);
  if (count > MAX_GROUPS) return fail(E.INVAL);
  const list = call.bytes(1, 4 * count);
  if (typeof list === "number") return fail(list);
  const ids = Array.from({ length: count }, (_, index) => list.readUInt32LE(4 * index));
  return call.refusal("task_fix_setgroups", { flags: 0, ids }) ?? credentialsChange(call);
}

/** capset: struct __user_cap_data_struct {effective, permitted, inheritable}, twice for 64 bits. */
export function capset(call: Call): Reply {
  const data = call.bytes(1, 24);
  if (typeof data === "number") return fail(data);
  const word = (index: number): bigint =>
    BigInt(data.readUInt32LE(4 * index)) | (BigInt(data.readUInt32LE(12 + 4 * index)) << 32n);
  const cell = { effective: word(0), permitted: word(1), inheritable: word(2) };
  return call.refusal("capset", cell) ?? credentialsChange(call);
}

/** prctl options that the filter picks (table.ts). */
export function prctl(call: Call): Reply {
  const cell = {
    option: call.u32(0),
    arg2: call.u64(1),
    arg3: call.u64(2),
    arg4: call.u64(3),
    arg5: call.u64(4),
  };
  const refusal = call.refusal("task_prctl", cell);
  if (refusal !== undefined) return refusal;
  if (cell.option === PR_SET_CHILD_SUBREAPER) call.task.process.adoptsOrphans = true;
  return credentialsChange(call);
}

/** The credentials are read again at this thread's next event; other threads keep theirs. */
function credentialsChange(call: Call): Reply {
  const { task } = call;
  task.stale = true;
  task.process.divergent = true;
  return CONTINUE;
}
