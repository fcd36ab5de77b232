// SPDX-License-Identifier: Apache-2.0
// A launched workload as a run sees it: held, let go, signalled, killed, waited for.
import { openSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { CommandError } from "./errors.ts";
import { lossText } from "./namespace/losses.ts";
import { buildFilter, floorTable, thisMachine } from "../sensor/seccomp/index.ts";
import { launchWorkload } from "../sensor/index.ts";
import type {
  LaunchError,
  LaunchedWorkload,
  LaunchOptions,
  WorkloadExit,
  WorkloadGroup,
} from "../sensor/seccomp/launch-types.ts";
import type { RunPlan } from "./plan.ts";
import { withMarks } from "./namespace/test-marks.ts";
import type { ChildExit, LossReason } from "./run-record.ts";

const CAP_SYS_ADMIN = 1n << 21n;

/**
 * How a workload is held. filtered: each call of the table, by the kernel, for whoever listens; above a floor fewer of them.
 * watched: by programs in the kernel.
 */
export type Hold =
  | { readonly how: "filtered"; readonly rulesetFd?: number }
  | { readonly how: "watched" };

/**
 * Starts the command held before its exec.
 * @throws LaunchError
 */
export function launchHeld(
  plan: RunPlan,
  group: WorkloadGroup | undefined,
  hold: Hold,
): Promise<LaunchedWorkload> {
  const options = launchOptions(plan, group, hold);
  return launchWorkload({ ...options, openFiles: usualOpenFiles() });
}

/**
 * What a launch is asked for.
 * @param starter whose rights the guard has: "self", or the pid of the process that started it
 */
export function launchOptions(
  { request, program }: RunPlan,
  group: WorkloadGroup | undefined,
  hold: Hold,
  starter: number | "self" = "self",
): LaunchOptions {
  const filtered = hold.how === "filtered";
  const rulesetFd = hold.how === "filtered" ? hold.rulesetFd : undefined;
  const table = rulesetFd === undefined ? undefined : floorTable();
  return {
    command: request.command,
    path: program,
    env: withMarks(request.env, request.mode === "free" ? request.marks : undefined),
    cwd: request.cwd,
    filter: filtered ? buildFilter(thisMachine(), table) : new Uint8Array(0),
    noNewPrivs: filtered && !mayInstallFilters(starter),
    ...(rulesetFd === undefined ? {} : { rulesetFd }),
    ...(request.ignoredSignals === undefined ? {} : { ignoredSignals: request.ignoredSignals }),
    ...(group === undefined ? {} : { cgroup: group }),
    ...(request.stdio === undefined ? {} : { stdio: request.stdio }),
  };
}

/** Only CAP_SYS_ADMIN may filter a task that can still gain privileges. */
function mayInstallFilters(starter: number | "self"): boolean {
  const status = readText(`/proc/${starter}/status`);
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0";
  return (BigInt(`0x${effective}`) & CAP_SYS_ADMIN) !== 0n;
}

/** Node raises its own soft limit of open files when it starts; the parent's is what the workload would have had. */
export function usualOpenFiles(): number {
  const limit = /^Max open files\s+(\d+)/m.exec(readText(`/proc/${process.ppid}/limits`))?.[1];
  return limit === undefined ? 0 : Number(limit);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** A descriptor that kills the group when "1" is written to it; undefined when this kernel has none. */
export function openGroupKill(group: WorkloadGroup): number | undefined {
  try {
    return openSync(`/proc/self/fd/${group.directoryFd}/cgroup.kill`, "w");
  } catch {
    return undefined;
  }
}

const SIGNAL_NAMES = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name]),
);

export function signalNumber(name: NodeJS.Signals): number {
  return constants.signals[name];
}

/** Whether a mask (bit n-1 for signal n) has the signal. */
export function isIgnored(mask: bigint, name: NodeJS.Signals): boolean {
  return ((mask >> BigInt(signalNumber(name) - 1)) & 1n) === 1n;
}

/** How the first process ended, in our words; undefined when that was not to be found out. */
export function childExit({ code, signal }: WorkloadExit): ChildExit | undefined {
  if (signal === null) return code === null ? undefined : { code };
  return { signal: SIGNAL_NAMES.get(signal) ?? `signal ${signal}` };
}

/** A command that the kernel would not run, as a shell words it. */
export function commandError(error: LaunchError, losses: readonly LossReason[]): CommandError {
  const code = error.facts["errno"] === "ENOENT" ? "NOT_FOUND" : "NOT_EXECUTABLE";
  // what an enforcing sensor can not describe, it refuses: then this is the reason
  const why = losses.length === 0 ? "" : `; not seen or described: ${lossText(losses)}`;
  return new CommandError(code, `${error.message}${why}`, { facts: error.facts, cause: error });
}
