// SPDX-License-Identifier: Apache-2.0
// Starts a workload under a guard, filtered and held before its exec. Two launchers speak the same protocol: a small
// native program, and a slower one in Node for machines where the native one was not built.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { accessSync, closeSync, constants, statSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import { builtFile, nativeName } from "../../native/built-file.ts";
import { socketPair } from "../../native/fd-passing.ffi.ts";
import { becomeSubreaper } from "../../native/process.ffi.ts";
import { execFailure } from "./launch-failure.ts";
import { GuardLink } from "./launch-link.ts";
import type { GuardLinkOptions, ReadyReport } from "./launch-link.ts";
import { encodeStart, FEATURE } from "./launch-protocol.ts";
import { carryEnvironment } from "../carried-env.ts";
import { LaunchError } from "./launch-types.ts";
import { children } from "./launch-tree.ts";
import type {
  LaunchedWorkload,
  LaunchOptions,
  LauncherKind,
  WorkloadGroup,
} from "./launch-types.ts";

/** No code is generated: a filtered thread must not ask for executable memory, which is an event, before the exec. */
const NODE_FLAGS = ["--jitless", "--no-expose-wasm"];

/** Time that a guard which another process has started gets to hold its workload (ms). */
const HOLDING_MS = 10_000;

/** A launcher that can be tried: what to run, with what in front of the arguments and which environment. */
interface Launcher {
  readonly kind: LauncherKind;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** The file that has to be there. */
  readonly file: string;
}

/**
 * Starts the command's process with the filter installed and holds it before the exec. This process becomes a child subreaper,
 * so that nothing escapes when the guard is killed. Ends when the guard has told that the workload is held.
 * @throws LaunchError
 */
export async function launchWorkload(options: LaunchOptions): Promise<LaunchedWorkload> {
  const start = startMessage(options);
  checkFolder(options.cwd);
  becomeSubreaper();
  let unusable: unknown;
  for (const launcher of launchers(options)) {
    const link = await startGuard(launcher, options);
    if (!(link instanceof GuardLink)) {
      unusable = link;
      continue;
    }
    link.start(start, passedFds(options));
    return held(link, await link.ready, launcher.kind, options);
  }
  throw noLauncher(unusable);
}

/** A guard that another process has started, natively, for us. */
export type StartedGuard = Pick<GuardLinkOptions, "socket" | "guardPid" | "guardEnded"> & {
  /** Has that process kill the guard and everything below it; `guardEnded` settles when that is done. */
  end(): void;
};

/**
 * The same with a guard that is there already: command, environment, folder and descriptors are those that it was started with.
 * @throws LaunchError
 */
export async function launchByGuard(
  guard: StartedGuard,
  options: LaunchOptions,
): Promise<LaunchedWorkload> {
  const { socket, guardPid, guardEnded } = guard;
  const link = new GuardLink({
    socket,
    guardPid,
    guardEnded,
    path: options.path,
    filtered: options.filter.length > 0,
    others: new Set(),
    endElsewhere: () => guard.end(),
  });
  // that process may be stopped, or its guard none
  const timer = setTimeout(() => link.abandon("does not answer"), HOLDING_MS);
  void guardEnded.then(() => link.abandon("ended before the workload was held"));
  link.start(startMessage(options), passedFds(options));
  try {
    return held(link, await link.ready, "native", options);
  } finally {
    clearTimeout(timer);
  }
}

function startMessage(options: LaunchOptions): Uint8Array {
  return encodeStart({
    noNewPrivs: options.noNewPrivs,
    landlock: options.rulesetFd !== undefined,
    ignoredSignals: options.ignoredSignals ?? 0n,
    openFiles: options.openFiles ?? 0,
    filter: options.filter,
  });
}

/** What rides along with the start message, in the order of native/PROTOCOL.md. */
function passedFds({ cgroup, rulesetFd }: LaunchOptions): number[] {
  return [cgroup?.directoryFd, rulesetFd].filter((fd) => fd !== undefined);
}

function held(
  link: GuardLink,
  ready: ReadyReport,
  launcher: LauncherKind,
  { cgroup }: LaunchOptions,
): LaunchedWorkload {
  const features = (ready.features & FEATURE.WAIT_KILLABLE) === 0 ? [] : ["wait-killable"];
  const joined = (ready.features & FEATURE.IN_CGROUP) !== 0;
  const groupProblem = cgroup === undefined || joined ? undefined : join(cgroup, ready.pid);
  if (cgroup !== undefined && groupProblem === undefined) {
    link.group = cgroup;
    features.push("cgroup");
  }
  return {
    listenerFd: ready.listenerFd,
    pid: ready.pid,
    guardPid: link.guardPid,
    launcher,
    features,
    ...(groupProblem === undefined ? {} : { groupProblem }),
    go: () => link.go(),
    kill: () => link.kill(),
    signal: (number) => link.signal(number),
    onStopped: (listener) => {
      link.onStopped = listener;
    },
    exited: link.exited,
    drained: link.drained,
    execFailed: link.execFailed,
  };
}

/** Why the process could not join the group, or undefined. */
function join(group: WorkloadGroup, pid: number): string | undefined {
  try {
    group.add(pid);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

// --- which launcher ---------------------------------------------------------------------------------------------------

/** Launchers to try, best first. GALGO_LAUNCHER is "node", "native" or the path of a native one; GALGO_NO_NATIVE=1 is "node". */
function launchers(options: LaunchOptions): Launcher[] {
  const wish = process.env["GALGO_LAUNCHER"] ?? "";
  const kind = options.launcher ?? (process.env["GALGO_NO_NATIVE"] === "1" ? "node" : wish);
  const file = wish.includes("/") ? wish : builtFile("native", nativeName("launch"));
  const native: Launcher = { kind: "native", program: file, args: [], env: options.env, file };
  if (kind === "node") return [nodeLauncher(options.env)];
  if (kind === "native") return [native];
  return [native, nodeLauncher(options.env)];
}

function nodeLauncher(env: NodeJS.ProcessEnv): Launcher {
  const script = builtFile("native", "galgo-launch-node.mjs");
  const path = process.env["LD_LIBRARY_PATH"]; // a Node that needs it here needs it there
  return {
    kind: "node",
    program: process.execPath,
    file: script,
    args: [...NODE_FLAGS, script, "guard"],
    env: {
      ...carryEnvironment(env),
      ...(path === undefined ? {} : { LD_LIBRARY_PATH: path }),
    },
  };
}

// --- starting the guard -----------------------------------------------------------------------------------------------

/** The link to a started guard, or why this launcher can not be used on this machine. */
async function startGuard(launcher: Launcher, options: LaunchOptions): Promise<GuardLink | Error> {
  const missing = unusableFile(launcher);
  if (missing !== undefined) return missing;
  const [ours, theirs] = socketPair();
  const others = new Set(options.filter.length > 0 ? [] : children(process.pid));
  try {
    const guard = await spawned(launcher, options, theirs);
    const guardEnded = new Promise<void>((resolve) => {
      guard.once("exit", () => {
        resolve();
      });
    });
    return new GuardLink({
      filtered: options.filter.length > 0,
      others,
      socket: ours,
      guardPid: guard.pid ?? 0,
      guardEnded,
      path: options.path,
    });
  } catch (error) {
    closeSync(ours);
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "E2BIG") throw execFailure(options.path, code);
    if (["ENOENT", "EACCES", "ENOEXEC", "EPERM"].includes(code)) return error as Error;
    throw new LaunchError("LAUNCH_FAILED", `can not start the launcher: ${messageOf(error)}`, {
      cause: error,
      facts: { step: "spawn", errno: code },
    });
  } finally {
    closeSync(theirs);
  }
}

function spawned(
  launcher: Launcher,
  { command, path, cwd, stdio = [0, 1, 2] }: LaunchOptions,
  socket: number,
): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    const guard = spawn(
      launcher.program,
      [...launcher.args, String(stdio.length), path, ...command],
      { argv0: "galgo-guard", cwd, env: launcher.env, stdio: [...stdio, socket] },
    );
    guard.once("error", reject);
    guard.once("spawn", () => {
      resolve(guard);
    });
  });
}

function unusableFile({ kind, file }: Launcher): Error | undefined {
  try {
    accessSync(file, kind === "native" ? constants.X_OK : constants.R_OK);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

function checkFolder(cwd: string): void {
  try {
    if (statSync(cwd).isDirectory()) return;
  } catch (error) {
    throw new LaunchError(
      "LAUNCH_FAILED",
      `can not start the workload in ${quote(cwd)}: ${messageOf(error)}`,
      { cause: error, facts: { step: "chdir" } },
    );
  }
  const message = `can not start the workload in ${quote(cwd)}: it is not a directory`;
  throw new LaunchError("LAUNCH_FAILED", message, { facts: { step: "chdir" } });
}

function noLauncher(cause: unknown): LaunchError {
  return new LaunchError(
    "NO_LAUNCHER",
    `no launcher can be started (${messageOf(cause)}): build Galgo again with "npm run build"`,
    { cause },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
