// SPDX-License-Identifier: Apache-2.0
// What is asked of a launcher, what comes back, and how a launch fails.
import { CodedError } from "../../base/errors.ts";

export type LaunchErrorCode =
  /** The kernel or a filter around Galgo refuses a seccomp filter with a listener. */
  | "NO_USER_NOTIFICATION"
  /** Neither the native nor the Node launcher can be started. */
  | "NO_LAUNCHER"
  /** The command was found but the kernel would not run it; `facts.errno` says why. */
  | "EXEC_FAILED"
  /** The guard ended before the workload did; the workload has been killed. */
  | "GUARD_DIED"
  /** Anything else on the way to a held workload; `facts.step` and `facts.errno`. */
  | "LAUNCH_FAILED";

/** `facts.errno` is the name of the errno where the kernel said no. */
export class LaunchError extends CodedError<LaunchErrorCode> {}

/** A group of processes that can be killed at once; the orchestrator's cgroup is one. */
export interface WorkloadGroup {
  /** Descriptor of its directory: the guard kills and removes the group through it when Galgo is gone. */
  readonly directoryFd: number;
  /** Moves a process into the group. Throws with one line for people when it may not. */
  add(pid: number): void;
  kill(): void;
}

export interface LaunchOptions {
  /** argv of the workload, as the user typed it. */
  readonly command: readonly string[];
  /** The program file: absolute, or relative to `cwd`. */
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /**
   * cBPF, 8 bytes an instruction. It has to allow read, write and futex, which the launcher uses between the filter and the
   * exec; what else it holds is answered by whoever serves the listener. Empty: nothing is filtered.
   */
  readonly filter: Uint8Array;
  readonly noNewPrivs: boolean;
  /** A Landlock ruleset that the workload restricts itself by before anything else holds; the caller owns it. */
  readonly rulesetFd?: number;
  /** Descriptors of this process that become 0, 1, 2, ... of the workload; default 0, 1, 2. */
  readonly stdio?: readonly number[];
  readonly cgroup?: WorkloadGroup;
  /** Signals that the workload ignores from the start, bit n-1 for signal n; Node has forgotten what it inherited itself. */
  readonly ignoredSignals?: bigint;
  /** Soft limit of open files of the workload; Node raises its own. 0 or absent: what this process has. */
  readonly openFiles?: number;
  /** Default: native where it is built, unless the environment of this process says otherwise. */
  readonly launcher?: LauncherKind;
}

export type LauncherKind = "native" | "node";

/** How the workload's first process ended: one of the two is null; both are where nobody could tell (a container). */
export interface WorkloadExit {
  readonly code: number | null;
  readonly signal: number | null;
}

/** A workload: filtered, its first process held before the exec until `go()`. */
export interface LaunchedWorkload {
  /** The caller owns it and closes it; -1 without a filter. */
  readonly listenerFd: number;
  readonly pid: number;
  /** 0: nobody of Galgo's is above it. */
  readonly guardPid: number;
  /** Processes that came into it from outside later, and have not ended. Default: none. */
  readonly joinedPids?: readonly number[];
  /** Default: the launcher. */
  readonly broughtBy?: "container-runtime";
  readonly launcher: LauncherKind;
  /** "wait-killable" (signals do not interrupt a held call), "cgroup" (the workload is in the group that was passed). */
  readonly features: readonly string[];
  /** Why the workload is not in the group that was passed. */
  readonly groupProblem?: string;
  /** Lets the first process exec the command. */
  go(): void;
  /** SIGKILL to everything, daemons included; `drained` tells when they are gone. */
  kill(): void;
  /**
   * Passes a signal that this process got on to the workload's first process, unless it was sent to the whole process group
   * and has arrived there by itself.
   */
  signal(number: number): void;
  /** `listener` is called from now on when the workload's first process was stopped (job control). */
  onStopped(listener: (signal: number) => void): void;
  /** The first process has ended. Rejects with GUARD_DIED. */
  readonly exited: Promise<WorkloadExit>;
  /** No process of the workload is left. Rejects with GUARD_DIED once everything that could be found was killed. */
  readonly drained: Promise<void>;
  /** EXEC_FAILED when the command could not be run, undefined when it ran; settles by the time of `exited`. */
  readonly execFailed: Promise<LaunchError | undefined>;
}
