// SPDX-License-Identifier: Apache-2.0
// What this sensor declares of itself: what a TSEM kernel describes, and which of it waits for an answer.
import { HOOKS } from "../../event/index.ts";
import type { HookName } from "../../event/event.ts";
import type { Fidelity } from "../sensor.ts";

/** Hooks that the kernel calls where nothing may sleep: their events arrive, but their tasks do not wait. */
const ATOMIC: ReadonlySet<string> = new Set([
  "task_kill",
  "task_setpgid",
  "task_getpgid",
  "task_getsid",
  "task_setnice",
  "task_setioprio",
  "task_getioprio",
  "task_prlimit",
  "task_setrlimit",
  "task_setscheduler",
  "task_getscheduler",
  "task_prctl",
  "ptrace_access_check",
  "ptrace_traceme",
  "capable",
  "capget",
  "capset",
]);

/** No record of the kernel's says how a program got its identity: TASK_IDs come ready made. */
const ABSENT: readonly string[] = ["bprm_committed_creds"];

/** @param features what was found out when the namespace was made */
export function tsemFidelity(features: readonly string[]): Fidelity {
  const sees = Object.values(HOOKS)
    .filter(({ origin, name }) => origin === "tsem" && name !== "bprm_committed_creds")
    .map(({ name }): HookName => name)
    .sort();
  const holds = sees.filter((hook) => !ATOMIC.has(hook));
  return { sensor: "tsem", sees, holds, absent: ABSENT, features: [...features].sort() };
}
