// SPDX-License-Identifier: Apache-2.0
// Small domains: events of atomic hooks that are few enough to be tried one by one, where nothing else says which of them a model allows.
import type {
  CellByHook,
  EventOf,
  HookName,
  SecurityEvent,
  TaskIdentity,
} from "../../event/event.ts";
import type { Coe } from "../../event/coe.ts";

const CAPABILITIES = 41;
/** CAP_OPT_* (include/linux/security.h) and their sums. */
const CAPABILITY_OPTIONS = 8;
const SIGNALS = 65;
/** PTRACE_MODE_READ or ATTACH, for file system or real credentials, silent or not (include/linux/ptrace.h). */
const TRACE_MODES = [0x9, 0xa, 0x11, 0x12, 0xd, 0xe, 0x15, 0x16] as const;
const LOWEST_NICE = -20;
const NICE_VALUES = 40;
const PRIORITY_CLASSES = 4;
const PRIORITIES = 8;
const CLASS_SHIFT = 13;

/** Who would do it. */
export interface Doer {
  readonly task: TaskIdentity;
  readonly coe: Coe;
}

type Plain = Exclude<HookName, "syscall">;

/** An event that has not happened. */
export function imagined<H extends Plain>(
  { task, coe }: Doer,
  hook: H,
  cell: CellByHook[H],
): SecurityEvent {
  const event: EventOf<Plain> = { hook, pid: 0, process: "", task, coe, ts: 0n, cell } as never;
  return event;
}

/** What somebody may do on its own. */
export function* ownDomain(doer: Doer): Generator<SecurityEvent> {
  for (let cap = 0; cap < CAPABILITIES; cap++) {
    for (let opts = 0; opts < CAPABILITY_OPTIONS; opts++)
      yield imagined(doer, "capable", { cap, opts });
  }
  for (const prot of EXECUTABLE) yield imagined(doer, "file_mprotect", { prot });
}

/** What somebody may do to a program: `target` is its TASK_ID, `outside` says that it is none of the namespace. */
export function* targetDomain(
  doer: Doer,
  target: string,
  outside: boolean,
): Generator<SecurityEvent> {
  const { taskId: source } = doer.task;
  for (let sig = 0; sig < SIGNALS; sig++)
    yield imagined(doer, "task_kill", { target, sig, crossNs: outside ? 1 : 0 });
  for (const mode of TRACE_MODES)
    yield imagined(doer, "ptrace_access_check", { child: target, mode });
  yield imagined(doer, "ptrace_traceme", { source: target });
  yield imagined(doer, "task_setpgid", { task: target, source });
  for (const hook of [
    "task_getpgid",
    "task_getsid",
    "task_getscheduler",
    "task_getioprio",
  ] as const)
    yield imagined(doer, hook, { task: target });
  for (let i = 0; i < NICE_VALUES; i++)
    yield imagined(doer, "task_setnice", { task: target, nice: LOWEST_NICE + i });
  for (let i = 0; i < PRIORITY_CLASSES * PRIORITIES; i++) {
    const ioprio = (Math.floor(i / PRIORITIES) << CLASS_SHIFT) | (i % PRIORITIES);
    yield imagined(doer, "task_setioprio", { task: target, ioprio });
  }
}

/** Commands of fcntl(2) that are events (bpf/hooks-file.h): owners, signals, leases, watches, sizes, seals, hints. */
export const FCNTL_COMMANDS: readonly number[] = [8, 10, 15, 1024, 1026, 1031, 1033, 1036, 1038];
/** Protections that make memory executable. */
export const EXECUTABLE: readonly number[] = [4, 5, 6, 7];
