// SPDX-License-Identifier: Apache-2.0
// Hooks about tasks and credentials (bpf/hooks-task.h).
import type { TaskCells } from "../../../event/cell/task.ts";
import {
  constant,
  high,
  type HookSources,
  low,
  path,
  type Source,
  type Sources,
  task,
  word,
} from "./source.ts";

const TASK = { task: task(0) } as const;
const CAPABILITIES = { effective: word(0), inheritable: word(1), permitted: word(2) } as const;
const CHANGED: Sources<{ flags: number; ids: readonly number[] }> = {
  flags: low(0),
  ids: { from: "changed ids" },
};
const actor: Source = { from: "actor" };

type Own = "task_fix_setuid" | "task_fix_setgid" | "task_fix_setgroups" | "path_chroot";

export const TASK_SOURCES: HookSources<keyof TaskCells | Own> = {
  task_kill: { target: task(0), sig: low(1), crossNs: { from: "outside", arg: 0 } },
  task_setpgid: { ...TASK, source: actor },
  task_getpgid: TASK,
  task_getsid: TASK,
  task_setnice: { ...TASK, nice: low(1) },
  task_setioprio: { ...TASK, ioprio: low(1) },
  task_getioprio: TASK,
  task_prlimit: {
    cred: { from: "own creds", securebits: high(0) },
    tcred: { from: "creds", arg: 1, securebits: low(6) },
    flags: low(0),
  },
  task_setrlimit: { ...TASK, resource: low(1), current: word(2), max: word(3) },
  task_setscheduler: TASK,
  task_getscheduler: TASK,
  // the third argument is part of no behaviour
  task_prctl: { option: low(0), arg2: word(1), arg3: constant(0n), arg4: word(2), arg5: word(3) },
  ptrace_access_check: { child: task(0), mode: low(1) },
  ptrace_traceme: { source: task(0) },
  capable: { cap: low(0), opts: low(1) },
  capget: { target: task(0), effective: word(1), inheritable: word(2), permitted: word(3) },
  capset: CAPABILITIES,
  task_fix_setuid: CHANGED,
  task_fix_setgid: CHANGED,
  task_fix_setgroups: { flags: constant(0), ids: { from: "listed ids" } },
  path_chroot: { path: path(0) },
};
