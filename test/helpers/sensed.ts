// SPDX-License-Identifier: Apache-2.0
// Runs a command under the real seccomp sensor with a simple sink in place of a model: it allows everything but the
// events that a test names, and its task identities say in plain text which programs led to them.
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SecurityEvent } from "../../src/event/event.ts";
import { siblingModule, startThread } from "../../src/native/start-thread.ts";
import { buildFilter } from "../../src/sensor/seccomp/filter.ts";
import { thisMachine } from "../../src/sensor/seccomp/arch.ts";
import { launchWorkload } from "../../src/sensor/seccomp/launch.ts";
import type { WorkloadExit } from "../../src/sensor/seccomp/launch-types.ts";

/** An event is refused when its hook (when named) fits and its CELL as JSON holds the text. */
export interface DenyRule {
  readonly hook?: string;
  readonly text: string;
}

export interface SensedOptions {
  readonly deny?: readonly DenyRule[];
  readonly enforcing?: boolean;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Whether contents are hashed; default true. */
  readonly digests?: boolean;
  /** Events of other hooks are only counted; default all are kept. */
  readonly keep?: readonly string[];
  /** Kills the workload after this time (ms); default one minute. */
  readonly deadlineMs?: number;
  /** Only for tests with no_new_privs off; default on unless the process may do without. */
  readonly noNewPrivs?: boolean;
}

/** What the thread posts at the end. */
export interface SensorReport {
  readonly events: readonly SecurityEvent[];
  readonly violations: readonly { readonly event: SecurityEvent; readonly reason: string }[];
  readonly losses: readonly { readonly reason: string; readonly detail: string }[];
  readonly seen: bigint;
  readonly lost: bigint;
  readonly denied: number;
  readonly features: readonly string[];
  /** Open descriptors of the process when the sensor was ready, and after the last event. */
  readonly fdsBefore: number;
  readonly fdsAfter: number;
  /** An exception that ended the sensor. */
  readonly failed: string | undefined;
}

export interface Sensed extends SensorReport {
  readonly exit: WorkloadExit;
  readonly output: string;
  /** The deadline ended it. */
  readonly late: boolean;
}

/** What the thread is started with. */
export interface SensorThreadData {
  readonly listenerFd: number;
  readonly pid: number;
  readonly options: SensedOptions;
}

/** TASK_ID of the launched process before its first exec; programs are appended with ">". */
export const ROOT_ID = "launcher";

/** A workload can make its output file as long as it likes. */
const MAX_OUTPUT = 1 << 22;

/** Runs `command` (an absolute program) to its end under the sensor. Output is stdout and stderr together. */
export async function runSensed(
  command: readonly string[],
  options: SensedOptions = {},
): Promise<Sensed> {
  const folder = mkdtempSync(join(tmpdir(), "galgo-sensed-"));
  const outFile = join(folder, "output");
  const out = openSync(outFile, "w+");
  const nothing = openSync("/dev/null", "r");
  try {
    const ran = await run(command, options, [nothing, out, out]);
    const output = Buffer.alloc(MAX_OUTPUT);
    return { ...ran, output: output.toString("utf8", 0, readSync(out, output, 0, MAX_OUTPUT, 0)) };
  } finally {
    closeSync(out);
    closeSync(nothing);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(
  command: readonly string[],
  options: SensedOptions,
  stdio: readonly number[],
): Promise<Omit<Sensed, "output">> {
  const workload = await launchWorkload({
    command,
    path: command[0] ?? "",
    env: options.env ?? process.env,
    cwd: options.cwd ?? process.cwd(),
    filter: buildFilter(thisMachine()),
    noNewPrivs: options.noNewPrivs ?? process.geteuid?.() !== 0,
    stdio,
  });
  const data: SensorThreadData = { listenerFd: workload.listenerFd, pid: workload.pid, options };
  const thread = startThread(siblingModule(import.meta.url, "sensed-thread"), { workerData: data });
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    workload.kill();
  }, options.deadlineMs ?? 60_000);
  try {
    const report = await new Promise<SensorReport>((resolve, reject) => {
      thread.once("error", reject);
      thread.once("exit", () => reject(new Error("the sensor's thread ended without a report")));
      thread.on("message", (message: "ready" | SensorReport) => {
        if (message === "ready") workload.go();
        else resolve(message);
      });
    });
    if (report.failed !== undefined) workload.kill();
    const exit = await workload.exited;
    await workload.drained;
    return { ...report, exit, late };
  } finally {
    clearTimeout(deadline);
    workload.kill();
    await workload.drained.catch(() => undefined);
    await thread.terminate();
  }
}
