// SPDX-License-Identifier: Apache-2.0
// Turns a step and an errno that a guard reports into an error with one clear line.
import { quote } from "../../base/quote.ts";
import { errnoName } from "../../native/libc.ffi.ts";
import { STEP } from "./launch-protocol.ts";
import { LaunchError } from "./launch-types.ts";

const FILTER_REASONS: Readonly<Record<string, string>> = {
  EACCES: "without no_new_privs this needs CAP_SYS_ADMIN: start the workload with no_new_privs",
  EBUSY:
    "a filter with a listener is in force already (Galgo inside Galgo, or a container manager's)",
  EINVAL:
    "this kernel knows no user notification (Linux 5.14 or newer is needed) or refused the filter",
  ENOSYS: "this kernel has no seccomp filters",
  EPERM: "a seccomp filter around Galgo forbids it, as the default profile of a container may do",
  ENOMEM: "the filters in force are too long together",
};

const LANDLOCK_REASONS: Readonly<Record<string, string>> = {
  E2BIG: "too many rulesets are in force already",
  EPERM: "a filter around Galgo forbids it",
  ENOSYS: "this kernel has no Landlock",
  EOPNOTSUPP: "Landlock was switched off when the kernel was started",
};

const EXEC_REASONS: Readonly<Record<string, string>> = {
  ENOENT: "the file or its interpreter does not exist",
  ENOEXEC: "it is neither a program nor a script with a #! line",
  EACCES: "it is not executable, or its file system is mounted noexec",
  EPERM: "the kernel or the model refuses it",
  E2BIG: "the arguments and the environment are too long",
  ETXTBSY: "it is open for writing",
};

/** The error for a FAILED report. */
export function launchFailure(step: number, errno: number, path: string): LaunchError {
  const name = errnoName(errno);
  const facts = { step: stepName(step), errno: name };
  if (step === STEP.EXEC) return execFailure(path, name);
  if (step === STEP.FILTER) {
    const reason = FILTER_REASONS[name] ?? "the kernel refuses the filter";
    const message = `can not hold the workload's system calls (seccomp: ${name}): ${reason}`;
    return new LaunchError("NO_USER_NOTIFICATION", message, { facts });
  }
  if (step === STEP.LANDLOCK) {
    const message = `can not put the workload under its floor (Landlock: ${name}): ${LANDLOCK_REASONS[name] ?? "the kernel refuses the ruleset"}; run it without --floor`;
    return new LaunchError("LAUNCH_FAILED", message, { facts });
  }
  const message = `can not start the workload: step ${facts.step} failed with ${name}`;
  return new LaunchError("LAUNCH_FAILED", message, { facts });
}

/** The error for a program that the kernel would not run. */
export function execFailure(path: string, errno: string): LaunchError {
  const reason = EXEC_REASONS[errno];
  const message = `can not run ${quote(path)}: ${reason === undefined ? errno : `${reason} (${errno})`}`;
  return new LaunchError("EXEC_FAILED", message, { facts: { step: "exec", errno } });
}

function stepName(step: number): string {
  const found = Object.entries(STEP).find(([, value]) => value === step);
  return found === undefined ? `step ${step}` : found[0].toLowerCase().replaceAll("_", "-");
}
