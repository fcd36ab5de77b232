// SPDX-License-Identifier: Apache-2.0
// A model as a drop-in for a systemd unit (systemd.exec(5), systemd.resource-control(5)).
import { BASE_CALLS, RECENT_CALLS } from "./base-calls.ts";
import type { CallUse } from "./calls.ts";
import { type Loss, lossLine, stricter, weaker } from "./losses.ts";
import { networkDirectives } from "./systemd-network.ts";
import { pathDirectives } from "./systemd-paths.ts";
import { privilegeDirectives } from "./systemd-privileges.ts";
import { type Directive, directiveLines, type UnitParts, words } from "./systemd-words.ts";

/** Names in one line of SystemCallFilter. */
const CALLS_A_LINE = 12;

/** What of them is not looked at is of no use without the rest: other requests of ptrace need a process that is traced. */
const IDLE_CALLS: ReadonlySet<string> = new Set(["ptrace"]);

export interface SystemdExport {
  readonly text: string;
  readonly losses: readonly Loss[];
}

/** @param common losses of every translation */
export function systemdExport(parts: UnitParts, common: readonly Loss[]): SystemdExport {
  const found = [
    callDirectives(parts.calls),
    privilegeDirectives(parts),
    networkDirectives(parts),
    pathDirectives(parts),
  ];
  const losses = [...common, ...UNIT_LOSSES, ...found.flatMap((part) => part.losses)];
  const lines = [
    `# Made by galgo model export from the model ${parts.name}, state ${parts.model}.`,
    "# A drop-in: put it at /etc/systemd/system/UNIT.service.d/galgo.conf.",
    "# What the model says and this can not say:",
    ...losses.map((loss) => `# - ${lossLine(loss)}`),
    "",
    "[Service]",
    ...found.flatMap((part) => directiveLines(part.directives)),
  ];
  return { text: `${lines.join("\n")}\n`, losses };
}

const UNIT_LOSSES: readonly Loss[] = [
  stricter(
    "calls and opens that only failed while learning, and paths that were only looked at (stat), made no event: they may fail in another way now",
  ),
  stricter(
    "user, group, environment and working directory of the unit are not part of this file: they have to be those of learning",
  ),
];

function callDirectives(calls: readonly CallUse[]): {
  readonly directives: readonly Directive[];
  readonly losses: readonly Loss[];
} {
  const used = calls.filter(
    ({ syscall, modeled, allowed }) =>
      (allowed === "any" || allowed.length > 0) && (modeled || !IDLE_CALLS.has(syscall)),
  );
  const partly = used.filter(({ allowed, modeled }) => allowed !== "any" && !modeled);
  const names = [...new Set([...BASE_CALLS, ...used.map(({ syscall }) => syscall)])].sort();
  const old = names.filter((name) => !RECENT_CALLS.has(name));
  const recent = names.filter((name) => RECENT_CALLS.has(name));
  return {
    directives: [
      ["SystemCallArchitectures", "native"],
      ["SystemCallErrorNumber", "EPERM"],
      ...words(old, CALLS_A_LINE).map((line): Directive => ["SystemCallFilter", line]),
      ["#", "Calls of recent kernels; an older systemd warns of those that it does not know."],
      ...words(recent, CALLS_A_LINE).map((line): Directive => ["SystemCallFilter", line]),
      ["#", "The C libraries fall back to clone, whose flags can be seen."],
      ["SystemCallFilter", "~clone3:ENOSYS"],
    ],
    losses: [
      weaker("arguments of system calls do not count"),
      ...(partly.length === 0
        ? []
        : [
            weaker(
              `allowed as a whole, because only some of their arguments are dangerous: ${partly.map(({ syscall }) => syscall).join(" ")}`,
            ),
          ]),
    ],
  };
}
