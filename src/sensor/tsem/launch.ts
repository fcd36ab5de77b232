// SPDX-License-Identifier: Apache-2.0
// Starts the workload's first task from the calling thread and speaks with it until it is the command. It has to be a direct
// child of the thread that later reads events and answers: TSEM ties the namespace to that very task.
import { accessSync, constants, existsSync } from "node:fs";
import { builtFile, nativeName } from "../../native/built-file.ts";
import { errnoName } from "../../native/libc.ffi.ts";
import {
  closeFd,
  makePipe,
  POLL_IN,
  pollAll,
  readInto,
  spawnFromThread,
  writeOnce,
} from "../../native/tsem.ffi.ts";
import type { LauncherKind } from "../seccomp/launch-types.ts";
import type { Outcome } from "./control.ts";
import { TsemError } from "./errors.ts";
import { carryEnvironment } from "../carried-env.ts";
import {
  decodeReport,
  encodeOrder,
  encodeStart,
  REPORT,
  REPORT_BYTES,
  STEP,
} from "./launch-protocol.ts";
import type { Report, StartOptions } from "./launch-protocol.ts";
import { LAUNCHER_DEADLINE_MS } from "./limits.ts";

const NODE_FLAGS = ["--jitless", "--no-expose-wasm"];

export interface TsemLaunchOptions extends StartOptions {
  readonly command: readonly string[];
  /** The program file, absolute or relative to `cwd`. */
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Descriptors that become 0, 1, 2, ... of the workload. */
  readonly stdio: readonly number[];
  /** The open control file. */
  readonly controlFd: number;
  /** Called with the pid before the task does anything: the place to move it into a cgroup. */
  joined(pid: number): void;
}

/** The workload's first task before its exec. */
export class TsemLauncher {
  readonly pid: number;
  readonly kind: LauncherKind;
  /** Readable when there is a report, and when the task is the command or dead. */
  readonly reportsFd: number;
  readonly #ordersFd: number;
  #closed = false;

  constructor(pid: number, kind: LauncherKind, pipes: { orders: number; reports: number }) {
    this.pid = pid;
    this.kind = kind;
    this.#ordersFd = pipes.orders;
    this.reportsFd = pipes.reports;
  }

  start(options: StartOptions): void {
    this.#send(encodeStart(options));
    this.#expect(REPORT.READY);
  }

  /** Has the task write one command to the control file. @throws TsemError LAUNCH_FAILED */
  write(command: string): Outcome {
    this.#send(encodeOrder(command));
    const { a: errno, b: written } = this.#expect(REPORT.WROTE);
    if (errno !== 0) return errnoName(errno);
    return written === command.length ? "done" : "EIO";
  }

  /** Lets the task exec the command. One that was killed meanwhile is told of by its exit. */
  go(): void {
    writeOnce(this.#ordersFd, encodeOrder());
  }

  /** Once `reportsFd` is readable: the errno of a failed exec, or undefined: the task is the command, or was killed. */
  execFailure(): number | undefined {
    const report = this.#receive();
    return report?.type === REPORT.FAILED && report.a === STEP.EXEC ? report.b : undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeFd(this.#ordersFd);
    closeFd(this.reportsFd);
  }

  #send(order: Buffer): void {
    const written = writeOnce(this.#ordersFd, order);
    if (written !== order.length) throw failed(`it ended before it was the command (${written})`);
  }

  #expect(type: number): Report {
    const report = this.#receive();
    if (report?.type === type) return report;
    if (report?.type !== REPORT.FAILED) throw failed("it gave no answer");
    const step = report.a === STEP.CAPABILITY ? "dropping CAP_MAC_ADMIN" : `step ${report.a}`;
    throw failed(`${step} failed with ${errnoName(report.b)}`);
  }

  /** The next report; undefined when there is none in time or the other end is closed. */
  #receive(): Report | undefined {
    const until = performance.now() + LAUNCHER_DEADLINE_MS;
    const bytes = Buffer.alloc(REPORT_BYTES);
    for (;;) {
      const left = Math.ceil(until - performance.now());
      if (left <= 0) return undefined;
      const [ready = 0] = pollAll([this.reportsFd], left);
      if (ready === 0) continue;
      if ((ready & POLL_IN) === 0) return undefined;
      const got = readInto(this.reportsFd, bytes, 0);
      if (got === "EINTR") continue;
      return got === REPORT_BYTES ? decodeReport(bytes) : undefined;
    }
  }
}

/**
 * Starts the launcher, waits until it could make a namespace, and gives it back.
 * @throws TsemError LAUNCH_FAILED
 */
export function launchForTsem(options: TsemLaunchOptions): TsemLauncher {
  const { kind, program, args, env } = launcherFor(options);
  const [ordersRead, ordersWrite] = makePipe();
  const [reportsRead, reportsWrite] = makePipe();
  const pipes = { orders: ordersWrite, reports: reportsRead };
  let launcher: TsemLauncher | undefined;
  try {
    const { stdio, cwd, path, command, controlFd } = options;
    const pid = spawnFromThread({
      path: program,
      argv: ["galgo-launch", ...args, String(stdio.length), path, ...command],
      env,
      cwd,
      fds: [...stdio, ordersRead, reportsWrite, controlFd],
    });
    launcher = new TsemLauncher(pid, kind, pipes);
    options.joined(pid);
  } finally {
    closeFd(ordersRead);
    closeFd(reportsWrite);
    if (launcher === undefined) {
      closeFd(ordersWrite);
      closeFd(reportsRead);
    }
  }
  launcher.start(options);
  return launcher;
}

interface Launcher {
  readonly kind: LauncherKind;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** The native program where it was built. GALGO_LAUNCHER=node and GALGO_NO_NATIVE=1 choose the other one. */
function launcherFor({ env }: TsemLaunchOptions): Launcher {
  const program = nativeTsemProgram();
  const wish = process.env["GALGO_NO_NATIVE"] === "1" ? "node" : process.env["GALGO_LAUNCHER"];
  if (wish !== "node" && program !== undefined) return { kind: "native", program, args: [], env };
  const script = builtFile("native", "galgo-launch-tsem-node.mjs");
  if (!existsSync(script))
    throw failed(`${script} is missing: build Galgo again with "npm run build"`);
  return {
    kind: "node",
    program: process.execPath,
    args: [...NODE_FLAGS, script],
    env: carryEnvironment(env),
  };
}

/** The native launcher, which is also the watch; undefined where it was not built. */
export function nativeTsemProgram(): string | undefined {
  const file = builtFile("native", nativeName("launch-tsem"));
  try {
    accessSync(file, constants.X_OK);
    return file;
  } catch {
    return undefined;
  }
}

/** The watch in Node, for machines without the native one. */
export function nodeWatchScript(): string {
  return builtFile("native", "galgo-launch-tsem-node.mjs");
}

function failed(why: string): TsemError {
  return new TsemError("LAUNCH_FAILED", `the launcher of the workload failed: ${why}`);
}
