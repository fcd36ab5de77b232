// SPDX-License-Identifier: Apache-2.0
// What this sensor declares of itself: derived from the table, so that it can not say more than it does.
import type { HookName } from "../../event/event.ts";
import type { Fidelity } from "../sensor.ts";
import { FLOOR_FEATURE } from "./floor.ts";
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

/** Opens that only read, when they are guarded by a floor and not held. */
const UNHELD_READS = "file_open.read-only";

/** @param features facts of this machine, as found when the workload was launched. */
export function seccompFidelity(features: readonly string[]): Fidelity {
  const hooks = new Set<HookName>(ALSO);
  for (const { hook } of TABLE) if (hook !== "none") hooks.add(hook);
  const sees = [...hooks].sort();
  const absent = features.includes(FLOOR_FEATURE) ? [...ABSENT, UNHELD_READS] : ABSENT;
  return { sensor: "seccomp", sees, holds: sees, absent, features: [...features].sort() };
}
