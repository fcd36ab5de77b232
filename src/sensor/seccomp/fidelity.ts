// SPDX-License-Identifier: Apache-2.0
// What this sensor declares of itself: derived from the table, so that it can not say more than it does.
import type { HookName } from "../../event/event.ts";
import type { Fidelity } from "../sensor.ts";
import { TABLE } from "./table.ts";

/** Hooks that handlers give in addition to their row's own. */
const ALSO: readonly HookName[] = ["inode_create", "ptrace_traceme"];

/** Members that are never present (docs/fidelity.md says why). */
const ABSENT: readonly string[] = [
  "*.inode.s_uuid",
  "*.sock.owner",
  "*.path.type",
  "settime.ts",
  "settime.tz",
  "bprm_committed_creds",
];

/** @param features facts of this machine, as found when the workload was launched. */
export function seccompFidelity(features: readonly string[]): Fidelity {
  const hooks = new Set<HookName>(ALSO);
  for (const { hook } of TABLE) if (hook !== "none") hooks.add(hook);
  const sees = [...hooks].sort();
  return { sensor: "seccomp", sees, holds: sees, absent: ABSENT, features: [...features].sort() };
}
