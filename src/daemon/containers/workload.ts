// SPDX-License-Identifier: Apache-2.0
// A container as a run sees its workload: started by its runtime, held by its filter, killed by its cgroup and its first process.
import { closeSync, openSync } from "node:fs";
import { type Watch, watchReadable } from "../../native/fd-passing.ffi.ts";
import { exitStatusOf, openPidfd, signalPidfd } from "../../native/pidfd.ffi.ts";
import type { CgroupHandle, NoCgroup } from "../../orchestrator/cgroup.ts";
import type {
  LaunchError,
  LaunchedWorkload,
  WorkloadExit,
} from "../../sensor/seccomp/launch-types.ts";
import { containerGroup } from "./group.ts";
import { EXIT_STATUS_MS } from "./limits.ts";
import type { HandedOver } from "./state.ts";
import type { Warden } from "./warden.ts";

const SIGKILL = 9;
const LOOK_MS = 20;

/** A container whose first process is held. `dispose` is for whoever made it, once the run has ended. */
export class ContainerWorkload implements LaunchedWorkload {
  readonly listenerFd: number;
  readonly pid: number;
  readonly guardPid = 0;
  readonly broughtBy = "container-runtime";
  readonly launcher = "native";
  readonly group: CgroupHandle | NoCgroup;
  readonly exited: Promise<WorkloadExit>;
  readonly drained: Promise<void>;
  readonly execFailed: Promise<LaunchError | undefined> = Promise.resolve(undefined);
  readonly #pidfds: number[];
  readonly #groupKillFd: number | undefined;
  readonly #warden: Warden | undefined;
  readonly #key: number | undefined;
  #watch: Watch | undefined;
  #taken = false;

  /**
   * @param listenerFd is taken
   * @throws NativeError when the process is gone
   */
  constructor({ container, pid }: HandedOver, listenerFd: number, warden: Warden | undefined) {
    this.pid = pid;
    this.listenerFd = listenerFd;
    const first = openPidfd(pid);
    this.#pidfds = [first];
    this.group = containerGroup(container.id, pid);
    this.#groupKillFd = "unavailable" in this.group ? undefined : openKill(this.group);
    this.#warden = warden;
    this.#key = warden?.hold({ pidfds: [first], groupKillFd: this.#groupKillFd });
    this.exited = this.#end(first);
    this.drained = this.exited.then(() => undefined);
  }

  get features(): readonly string[] {
    return "unavailable" in this.group ? [] : ["cgroup"];
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

  /** A further first process: of an exec into the container. @throws NativeError when it is gone */
  join(pid: number): void {
    const pidfd = openPidfd(pid);
    this.#pidfds.push(pidfd);
    if (this.#key !== undefined) this.#warden?.more(this.#key, pidfd);
  }

  go(): void {
    // its runtime lets it go; what it does then waits for an answer
  }

  kill(): void {
    if (!("unavailable" in this.group)) this.group.kill();
    for (const pidfd of this.#pidfds) signalPidfd(pidfd, SIGKILL);
  }

  signal(number: number): void {
    const [first] = this.#pidfds;
    if (first !== undefined) signalPidfd(first, number);
  }

  onStopped(): void {
    // job control is its terminal's, which is none of ours
  }

  /** @param keepsListener it is the caller's again */
  dispose(keepsListener = false): void {
    if (this.#key !== undefined) this.#warden?.forget(this.#key);
    this.#watch?.close();
    if (!this.#taken) {
      if (!keepsListener) closeSync(this.listenerFd);
      if (!("unavailable" in this.group)) void this.group.remove();
    }
    for (const pidfd of this.#pidfds.splice(0)) closeSync(pidfd);
    if (this.#groupKillFd !== undefined) closeSync(this.#groupKillFd);
  }

  #end(pidfd: number): Promise<WorkloadExit> {
    return new Promise((resolve) => {
      this.#watch = watchReadable(pidfd, () => {
        this.#watch?.close();
        this.#watch = undefined;
        this.#look(pidfd, performance.now() + EXIT_STATUS_MS, resolve);
      });
    });
  }

  /** How it ended is known once its runtime has waited for it. */
  #look(pidfd: number, until: number, resolve: (exit: WorkloadExit) => void): void {
    const status = this.#pidfds.includes(pidfd) ? exitStatusOf(pidfd) : undefined;
    if (status === undefined && performance.now() < until && this.#pidfds.includes(pidfd)) {
      setTimeout(() => this.#look(pidfd, until, resolve), LOOK_MS);
      return;
    }
    resolve(exitOf(status));
  }
}

function openKill({ directoryFd }: CgroupHandle): number | undefined {
  try {
    return openSync(`/proc/self/fd/${directoryFd}/cgroup.kill`, "w");
  } catch {
    return undefined;
  }
}

/** wait(2) */
function exitOf(status: number | undefined): WorkloadExit {
  if (status === undefined) return { code: null, signal: null };
  const signal = status & 0x7f;
  return signal === 0 ? { code: (status >> 8) & 0xff, signal: null } : { code: null, signal };
}
