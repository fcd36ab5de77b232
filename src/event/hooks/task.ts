// SPDX-License-Identifier: Apache-2.0
// Hooks about tasks and credentials.
import type { TaskCells } from "../cell/task.ts";
import type { HookSpecs } from "../layout.ts";

const TASK = [["task", "task"]] as const;
const CAPABILITIES = [
  ["effective", "mask"],
  ["inheritable", "mask"],
  ["permitted", "mask"],
] as const;

export const TASK_HOOKS: HookSpecs<TaskCells> = {
  task_kill: {
    words: "signals a process",
    cell: [
      ["target", "task"],
      ["sig", "u32", "sig", ["signal"]],
      ["crossNs", "u32", "cross_ns", ["cross"]],
    ],
  },
  task_setpgid: {
    words: "sets the process group of a process",
    cell: [
      ["task", "task"],
      ["source", "task"],
    ],
  },
  task_getpgid: { words: "asks for a process group", cell: TASK },
  task_getsid: { words: "asks for a session", cell: TASK },
  task_setnice: {
    words: "sets the niceness of a process",
    cell: [
      ["task", "task"],
      ["nice", "i32"],
    ],
  },
  task_setioprio: {
    words: "sets the I/O priority of a process",
    cell: [
      ["task", "task"],
      ["ioprio", "i32"],
    ],
  },
  task_getioprio: { words: "asks for an I/O priority", cell: TASK },
  task_prlimit: {
    words: "looks at or sets limits of a process",
    cell: [
      ["cred", "creds"],
      ["tcred", "creds"],
      ["flags", "u32"],
    ],
  },
  task_setrlimit: {
    words: "sets a limit of a process",
    cell: [
      ["task", "task"],
      ["resource", "u32", "new_rlim.resource"],
      ["current", "u64", "new_rlim.current"],
      ["max", "u64", "new_rlim.max"],
    ],
  },
  task_setscheduler: { words: "sets the scheduling of a process", cell: TASK },
  task_getscheduler: { words: "asks for the scheduling of a process", cell: TASK },
  task_prctl: {
    words: "changes a process setting",
    cell: [
      ["option", "i32"],
      ["arg2", "u64"],
      ["arg3", "u64"],
      ["arg4", "u64"],
      ["arg5", "u64"],
    ],
  },
  ptrace_access_check: {
    words: "looks into a process",
    cell: [
      ["child", "task"],
      ["mode", "u32"],
    ],
  },
  ptrace_traceme: { words: "asks to be traced", cell: [["source", "task"]] },
  capable: {
    words: "uses a capability",
    cell: [
      ["cap", "i32"],
      ["opts", "u32"],
    ],
  },
  capget: { words: "asks for capabilities", cell: [["target", "task"], ...CAPABILITIES] },
  capset: { words: "changes its capabilities", cell: CAPABILITIES },
};
