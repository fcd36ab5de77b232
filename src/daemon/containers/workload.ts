// SPDX-License-Identifier: Apache-2.0
// A container as a run sees its workload: started by its runtime, held by its filter, killed by its cgroup and its first process.
import { closeSync } from "node:fs";
import { type Watch, watchReadable } from "../../native/fd-passing.ffi.ts";
import { exitStatusOf, openPidfd, signalPidfd } from "../../native/pidfd.ffi.ts";
import type { NoCgroup } from "../../orchestrator/cgroup.ts";
import type {
  LaunchError,
  LaunchedWorkload,
  WorkloadExit,
} from "../../sensor/seccomp/launch-types.ts";
import { type ContainerGroup, containerGroup } from "./group.ts";
import { EXIT_STATUS_MS } from "./limits.ts";
import type { HandedOver } from "./state.ts";
import type { Warden } from "./warden.ts";

const SIGKILL = 9;
const LOOK_MS = 20;

/** A process that was executed in it. */
interface Joined {
  readonly pidfd: number;
  /** What the warden knows it by; undefined: it does not. */
  readonly key: number | undefined;
  readonly watch: Watch;
}

/** A container whose first process is held. `dispose` is for whoever made it, once the run has ended. */
export class ContainerWorkload implements LaunchedWorkload {
  readonly listenerFd: number;
  readonly pid: number;
  readonly guardPid = 0;
  readonly broughtBy = "container-runtime";
  readonly launcher = "native";
  readonly group: ContainerGroup | NoCgroup;
  readonly exited: Promise<WorkloadExit>;
  readonly drained: Promise<void>;
  readonly execFailed: Promise<LaunchError | undefined> = Promise.resolve(undefined);
  readonly #pidfd: number;
  readonly #joined = new Map<number, Joined>();
  readonly #warden: Warden | undefined;
  readonly #key: number | undefined;
  #watch: Watch | undefined;
  #taken = false;
  #disposed = false;

  /**
   * @param listenerFd is taken
   * @throws NativeError when the process is gone
   */
  constructor({ container, pid }: HandedOver, listenerFd: number, warden: Warden | undefined) {
    this.pid = pid;
    this.listenerFd = listenerFd;
    const pidfd = openPidfd(pid);
    this.#pidfd = pidfd;
    this.group = containerGroup(container.id, pid);
    const groupKillFd = "unavailable" in this.group ? undefined : this.group.killFd;
    this.#warden = warden;
    this.#key = warden?.hold({ pidfd, groupKillFd });
    this.exited = this.#end();
    this.drained = this.exited.then(() => undefined);
  }

  get features(): readonly string[] {
    return "unavailable" in this.group ? [] : ["cgroup"];
  }

  get joinedPids(): readonly number[] {
    return [...this.#joined.keys()];
  }

  /** False: the warden could not take it, so nobody would kill it for the daemon. */
  get guarded(): boolean {
    return this.#key !== undefined;
  }

  /** The run owns the listener from now on. */
  taken(): this {
    this.#taken = true;
    return this;
  }

  /**
   * A further process from outside: of an exec into the container.
   * @returns false when the warden could not take it
   * @throws NativeError when it is gone
   */
  join(pid: number): boolean {
    const pidfd = openPidfd(pid);
    // one of that number had ended, and that is not known yet
    this.#leave(pid);
    const key = this.#warden?.hold({ pidfd });
    const watch = watchReadable(pidfd, () => this.#leave(pid));
    this.#joined.set(pid, { pidfd, key, watch });
    return key !== undefined;
  }

  /** Kills a process that has joined, and nothing else. */
  killJoined(pid: number): void {
    const joined = this.#joined.get(pid);
    if (joined !== undefined) signalPidfd(joined.pidfd, SIGKILL);
  }

  go(): void {
    // its runtime lets it go; what it does then waits for an answer
  }

  kill(): void {
    if (!("unavailable" in this.group)) this.group.kill();
    this.signal(SIGKILL);
    for (const { pidfd } of this.#joined.values()) signalPidfd(pidfd, SIGKILL);
  }

  signal(number: number): void {
    if (!this.#disposed) signalPidfd(this.#pidfd, number);
  }

  onStopped(): void {
    // job control is its terminal's, which is none of ours
  }

  /** @param keepsListener it is the caller's again */
  dispose(keepsListener = false): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#key !== undefined) this.#warden?.forget(this.#key);
    this.#watch?.close();
    if (!this.#taken && !keepsListener) closeSync(this.listenerFd);
    for (const pid of this.joinedPids) this.#leave(pid);
    closeSync(this.#pidfd);
    if (!("unavailable" in this.group)) this.group.close();
  }

  /** Long-lived containers are executed in many times (health checks): nothing is kept of what has ended. */
  #leave(pid: number): void {
    const joined = this.#joined.get(pid);
    if (joined === undefined) return;
    this.#joined.delete(pid);
    joined.watch.close();
    if (joined.key !== undefined) this.#warden?.forget(joined.key);
    closeSync(joined.pidfd);
  }

  #end(): Promise<WorkloadExit> {
    return new Promise((resolve) => {
      this.#watch = watchReadable(this.#pidfd, () => {
        this.#watch?.close();
        this.#watch = undefined;
        this.#look(performance.now() + EXIT_STATUS_MS, resolve);
      });
    });
  }

  /** How it ended is known once its runtime has waited for it. */
  #look(until: number, resolve: (exit: WorkloadExit) => void): void {
    const status = this.#disposed ? undefined : exitStatusOf(this.#pidfd);
    if (status === "later" && performance.now() < until) {
      setTimeout(() => this.#look(until, resolve), LOOK_MS);
      return;
    }
    resolve(exitOf(status));
  }
}

/** wait(2) */
function exitOf(status: number | "later" | undefined): WorkloadExit {
  if (status === undefined || status === "later") return { code: null, signal: null };
  const signal = status & 0x7f;
  return signal === 0 ? { code: (status >> 8) & 0xff, signal: null } : { code: null, signal };
}
