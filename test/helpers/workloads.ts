// SPDX-License-Identifier: Apache-2.0
// Workloads for tests of the launcher: run to the end inside this process, or under a separate driver process.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { processEntry } from "../../src/sensor/seccomp/launch-tree.ts";
import { launchWorkload } from "../../src/sensor/seccomp/launch.ts";
import type {
  LaunchedWorkload,
  LaunchOptions,
  LauncherKind,
  WorkloadExit,
} from "../../src/sensor/seccomp/launch-types.ts";
import { notifying } from "./filters.ts";
import { answerAll } from "./responder.ts";

const POLL_MS = 5;
const GONE_DEADLINE_MS = 20_000;

/** A folder that is removed after the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "galgo-launch-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A held workload whose output goes to a file. Killed after the test, whatever happened. */
export interface HeldWorkload {
  readonly workload: LaunchedWorkload;
  output(): string;
  /** Answers held calls and lets it go. */
  go(): void;
}

export async function hold(
  t: TestContext,
  launcher: LauncherKind,
  command: readonly string[],
  more: Partial<LaunchOptions> = {},
): Promise<HeldWorkload> {
  const file = join(temporaryFolder(t), "output");
  const out = openSync(file, "w+");
  t.after(() => closeSync(out));
  const nothing = openSync("/dev/null", "r");
  t.after(() => closeSync(nothing));
  const workload = await launchWorkload({
    command,
    path: command[0] ?? "",
    env: process.env,
    cwd: process.cwd(),
    filter: notifying("execve", "connect"),
    noNewPrivs: true,
    stdio: [nothing, out, out],
    launcher,
    ...more,
  });
  let answering: Promise<void> | undefined;
  t.after(async () => {
    workload.kill();
    await workload.drained.catch(() => undefined);
    if (workload.listenerFd < 0) return;
    if (answering === undefined) closeSync(workload.listenerFd);
    else await answering;
  });
  return {
    workload,
    output: () => readFileSync(file, "utf8"),
    go: () => {
      answering = answerAll(workload.listenerFd);
      workload.go();
    },
  };
}

export interface Ran {
  readonly exit: WorkloadExit;
  readonly output: string;
  readonly workload: LaunchedWorkload;
}

/** Runs a command to its end. */
export async function run(
  t: TestContext,
  launcher: LauncherKind,
  command: readonly string[],
  more: Partial<LaunchOptions> = {},
): Promise<Ran> {
  const { workload, output, go } = await hold(t, launcher, command, more);
  go();
  const exit = await workload.exited;
  await workload.drained;
  return { exit, output: output(), workload };
}

/** A shell command. */
export function sh(script: string): string[] {
  return ["/bin/sh", "-c", script];
}

/** Whether a process is there and not only a zombie. */
export function isRunning(pid: number): boolean {
  const state = processEntry(pid)?.state;
  return state !== undefined && state !== "Z" && state !== "X";
}

/** Waits until a condition holds that no event announces. Throws after twenty seconds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + GONE_DEADLINE_MS;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await pause(POLL_MS);
  }
}

/** What test/helpers/driver.ts is told. */
export interface DriverOptions {
  readonly command: readonly string[];
  readonly launcher: LauncherKind;
  /** Name for a cgroup. */
  readonly cgroup?: string;
  readonly refuse?: {
    readonly errno: number;
    readonly calls: readonly ("seccomp" | "pidfd_getfd" | "close_range")[];
  };
  readonly jobControl?: boolean;
  /** Runs the driver in namespaces of its own; needs root. */
  readonly unshare?: "mounts" | "pids";
  readonly ignoredSignals?: string;
}

/** A line that the driver reports. */
export interface DriverReport {
  readonly launched?: {
    readonly pid: number;
    readonly guardPid: number;
    readonly cgroup?: string;
    readonly features: readonly string[];
  };
  readonly exited?: WorkloadExit;
  readonly drained?: boolean;
  readonly error?: { readonly code: string; readonly message: string };
}

/** The arguments of `node` that run the driver. */
export function driverArguments(options: DriverOptions): string[] {
  const script = fileURLToPath(new URL("driver.ts", import.meta.url));
  return ["--import", import.meta.resolve("tsx"), script, JSON.stringify(options)];
}

function unsharing(options: DriverOptions): string[] {
  if (options.unshare === "mounts") return ["unshare", "-m", "--propagation", "private"];
  // the driver is process 1, as in a container
  if (options.unshare === "pids") return ["unshare", "-p", "-f", "--mount-proc", "--kill-child"];
  return [];
}

/** A driver process and its reports, each awaited once. */
export class Driver {
  readonly process: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly #lines: AsyncIterator<string>;

  constructor(
    t: TestContext,
    options: DriverOptions,
    more: { uid?: number; gid?: number; detached?: boolean } = {},
  ) {
    const [program = "", ...args] = [
      ...unsharing(options),
      process.execPath,
      ...driverArguments(options),
    ];
    this.process = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      ...more,
    });
    const reports = this.process.stdio[3] as Readable;
    this.#lines = createInterface({ input: reports })[Symbol.asyncIterator]();
    this.ended = new Promise((resolve) => {
      this.process.once("close", (code, signal) => resolve({ code, signal }));
    });
    t.after(async () => {
      this.process.kill("SIGKILL");
      await this.ended;
    });
  }

  async report(): Promise<DriverReport> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`the driver ended: ${JSON.stringify(await this.ended)}`);
    return JSON.parse(value) as DriverReport;
  }

  /** The workload's output so far, as lines. */
  lines(): AsyncIterator<string> {
    const { stdout } = this.process;
    if (stdout === null) throw new Error("the driver has no output");
    return createInterface({ input: stdout })[Symbol.asyncIterator]();
  }
}
