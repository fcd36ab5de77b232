// SPDX-License-Identifier: Apache-2.0
// A Galgo of a few lines, for tests that kill it, signal it or give it a terminal. Options as JSON in the first argument;
// reports as JSON lines on descriptor 3 where there is one; stdio is the workload's; ends with the workload's status.
import { constants as modes, fstatSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { createCgroup } from "../../src/orchestrator/cgroup.ts";
import { FILTER_FLAGS, installFilter, setNoNewPrivs } from "../../src/native/process.ffi.ts";
import { followJobControl } from "../../src/sensor/seccomp/launch-terminal.ts";
import { launchWorkload } from "../../src/sensor/seccomp/launch.ts";
import { LaunchError } from "../../src/sensor/seccomp/launch-types.ts";
import { notifying, refusing } from "./filters.ts";
import { answerAll } from "./responder.ts";
import type { DriverOptions, DriverReport } from "./workloads.ts";

const EXIT_FAILED = 125;
const REPORTS = 3;

const options = JSON.parse(process.argv[2] ?? "{}") as DriverOptions;
const reporting = isPipe();

function isPipe(): boolean {
  try {
    const { mode } = fstatSync(REPORTS);
    return [modes.S_IFSOCK, modes.S_IFIFO].includes(mode & modes.S_IFMT);
  } catch {
    return false;
  }
}

function report(line: DriverReport): void {
  if (reporting) writeSync(REPORTS, `${JSON.stringify(line)}\n`);
}

async function main(): Promise<number> {
  if (options.refuse !== undefined) {
    setNoNewPrivs();
    installFilter(refusing(options.refuse.errno, ...options.refuse.calls), FILTER_FLAGS.tsync);
  }
  const group = options.cgroup === undefined ? undefined : createCgroup(options.cgroup);
  const cgroup = group === undefined || "unavailable" in group ? undefined : group;
  const workload = await launchWorkload({
    command: options.command,
    path: options.command[0] ?? "",
    env: process.env,
    cwd: process.cwd(),
    filter: notifying("execve", "connect"),
    noNewPrivs: true,
    launcher: options.launcher,
    ignoredSignals: BigInt(options.ignoredSignals ?? 0),
    ...(cgroup === undefined ? {} : { cgroup }),
  });
  const answering = answerAll(workload.listenerFd);
  const undo = options.jobControl === true ? followJobControl(workload) : undefined;
  const taken: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP"];
  for (const name of taken) process.on(name, () => workload.signal(constants.signals[name]));
  report({
    launched: {
      pid: workload.pid,
      guardPid: workload.guardPid,
      features: workload.features,
      ...(cgroup === undefined ? {} : { cgroup: cgroup.path }),
    },
  });
  workload.go();
  const exit = await workload.exited;
  report({ exited: exit });
  await workload.drained;
  await answering;
  await cgroup?.remove();
  undo?.();
  report({ drained: true });
  return exit.code ?? 128 + (exit.signal ?? 0);
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof LaunchError)) throw error;
  report({ error: { code: error.code, message: error.message } });
  process.exitCode = EXIT_FAILED;
}
process.exit();
