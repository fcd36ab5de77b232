// SPDX-License-Identifier: Apache-2.0
// Where the daemon's sockets are: for root in /run/galgo, for others in their runtime directory, wherever GALGO_RUN_DIR says.
import { isAbsolute, join, resolve } from "node:path";

/** The directory of root's daemon. */
export const SYSTEM_DIRECTORY = "/run/galgo";

/** Files in the daemon's directory. */
export interface DaemonSockets {
  readonly directory: string;
  readonly api: string;
  readonly launch: string;
  readonly seccomp: string;
  readonly hook: string;
  /** For threads that ask a fleet about what is outside of a model; there once a fleet was joined. */
  readonly verdict: string;
  /** Locked while a daemon lives; holds its pid. */
  readonly lock: string;
  /** One file for each workload that runs. */
  readonly workloads: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export function socketsIn(directory: string): DaemonSockets {
  return {
    directory,
    api: join(directory, "api.sock"),
    launch: join(directory, "launch.sock"),
    seccomp: join(directory, "seccomp.sock"),
    hook: join(directory, "hook.sock"),
    verdict: join(directory, "verdict.sock"),
    lock: join(directory, "daemon.lock"),
    workloads: join(directory, "workloads"),
  };
}

/** The directory of a daemon that this user would start; undefined when he has no place for one (XDG_RUNTIME_DIR). */
export function ownDirectory(env: Environment, uid: number): string | undefined {
  const chosen = env["GALGO_RUN_DIR"];
  if (chosen !== undefined && chosen !== "") return resolve(chosen);
  if (uid === 0) return SYSTEM_DIRECTORY;
  const runtime = env["XDG_RUNTIME_DIR"];
  // the XDG specification: a relative value is to be ignored
  return runtime !== undefined && isAbsolute(runtime) ? join(runtime, "galgo") : undefined;
}

/** Directories in which a client looks for a daemon, the nearest first. */
export function clientDirectories(env: Environment, uid: number): readonly string[] {
  const own = ownDirectory(env, uid);
  const chosen = env["GALGO_RUN_DIR"];
  const only = own !== undefined && chosen !== undefined && chosen !== "";
  return [...new Set([...(own === undefined ? [] : [own]), ...(only ? [] : [SYSTEM_DIRECTORY])])];
}
