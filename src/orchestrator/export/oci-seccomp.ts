// SPDX-License-Identifier: Apache-2.0
// A model as a seccomp profile of the OCI runtime specification (config-linux.md, "seccomp"): what runc, crun, podman and docker load.
import type { Machine } from "../../sensor/seccomp/index.ts";
import { REFUSED_CALLS } from "../../sensor/seccomp/index.ts";
import { BASE_CALLS } from "./base-calls.ts";
import type { CallUse } from "./calls.ts";
import type { Condition } from "./conditions.ts";
import { type Loss, stricter, weaker } from "./losses.ts";
import {
  OCI_ARCHITECTURES,
  type OciArgument,
  type OciProfile,
  type OciRule,
} from "./oci-profile.ts";

const EPERM = 1;
const ENOSYS = 38;

type Rule = OciRule<"SCMP_ACT_ALLOW" | "SCMP_ACT_ERRNO">;

/** Allows and refuses; asks nobody. */
export type OciSeccomp = OciProfile<Rule["action"]>;

export function ociSeccomp(calls: readonly CallUse[], machine: Machine): OciSeccomp {
  const free = calls.flatMap(({ syscall, allowed }) => (allowed === "any" ? [syscall] : []));
  const filtered = calls.flatMap(({ syscall, allowed }): Rule[] =>
    allowed === "any"
      ? []
      : allowed.map((conditions) => ({
          names: [syscall],
          action: "SCMP_ACT_ALLOW",
          args: conditions.map(argument),
        })),
  );
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: EPERM,
    architectures: [OCI_ARCHITECTURES[machine]],
    syscalls: [
      { names: [...BASE_CALLS, ...free].sort(), action: "SCMP_ACT_ALLOW" },
      ...filtered,
      // the C libraries fall back to clone, whose flags a filter can see
      { names: REFUSED_CALLS, action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
    ],
  };
}

function argument({ arg, mask, value }: Condition): OciArgument {
  if (mask === undefined) return { index: arg, value, op: "SCMP_CMP_EQ" };
  return { index: arg, value: mask, valueTwo: value, op: "SCMP_CMP_MASKED_EQ" };
}

/** What this form loses besides what all of them do. */
export const OCI_LOSSES: readonly Loss[] = [
  weaker(
    "a filter sees no paths, addresses or names: every file, socket and address is open to the calls that the model has at all",
  ),
  weaker(
    "of arguments it sees the low 32 bits, and never memory: flags of openat2, names of attributes",
  ),
  weaker("a hook stands for all system calls that lead to it"),
  weaker(
    "calls that Galgo looks at but that may be aimed at the workload itself without being an event are allowed: prlimit64, sched_*, setpriority, sendmsg",
  ),
  stricter(
    "calls that only failed while learning made no event: they fail with EPERM now, where the program expects ENOENT or EEXIST",
  ),
  stricter("io_uring and other entry points of the kernel are refused unless the model has them"),
];
