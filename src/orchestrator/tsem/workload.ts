// SPDX-License-Identifier: Apache-2.0
// A workload in a TSEM namespace as the main thread sees it. It has no guard above it, because its first task must be a child of
// the thread that answers for it: this process is its parent and subreaper, and a watch beside it kills it when Galgo is gone.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import type { Writable } from "node:stream";
import { errnoName } from "../../native/libc.ffi.ts";
import {
  becomeSubreaper,
  foregroundGroup,
  processGroup,
  WAIT_ALL,
  WAIT_CONTINUED,
  WAIT_NO_HANG,
  WAIT_UNTRACED,
  waitChild,
} from "../../native/process.ffi.ts";
import { closeFd, makePipe } from "../../native/tsem.ffi.ts";
import type {
  LaunchedWorkload,
  LaunchError,
  WorkloadExit,
} from "../../sensor/seccomp/launch-types.ts";
import {
  children,
  descendants,
  execFailure,
  killProcess,
  nativeTsemProgram,
  nodeWatchScript,
  processEntry,
  WATCH,
} from "../../sensor/tsem/index.ts";
import type { CgroupHandle } from "../cgroup.ts";
import type { RunWorker } from "../worker-client.ts";
import type { TsemLaunched } from "../worker-protocol.ts";

const PASS_INTERVAL_MS = 10;
const WAIT_FLAGS = WAIT_NO_HANG | WAIT_UNTRACED | WAIT_CONTINUED | WAIT_ALL;
/** Signals that a terminal sends to everybody in its foreground group, the workload included. */
const OF_TERMINAL: ReadonlySet<number> = new Set([
  constants.signals.SIGINT,
  constants.signals.SIGQUIT,
  constants.signals.SIGTSTP,
]);

/** What the two kinds of workloads have in common for a run. */
export type HeldWorkload = Omit<LaunchedWorkload, "listenerFd">;

/** Has the worker make the namespace, and starts the watch. @throws RunError WORKER_FAILED */
export async function launchInTsem(
  worker: RunWorker,
  group: CgroupHandle | undefined,
  path: string,
): Promise<TsemWorkload> {
  becomeSubreaper();
  const others = new Set(children(process.pid));
  const launched = await worker.launch(group === undefined ? {} : { cgroup: group.path });
  return new TsemWorkload(launched, {
    worker,
    group: launched.inCgroup ? group : undefined,
    others,
    path,
  });
}

interface WorkloadParts {
  readonly worker: RunWorker;
  readonly group: CgroupHandle | undefined;
  /** Children that this process had before. */
  readonly others: Set<number>;
  /** The command's file, for messages. */
  readonly path: string;
}

export class TsemWorkload implements HeldWorkload {
  readonly pid: number;
  readonly guardPid: number;
  readonly launcher: HeldWorkload["launcher"];
  readonly features: readonly string[];
  readonly groupProblem?: string;
  /** Readable once nothing of the workload is left. */
  readonly goneFd: number;
  readonly exited: Promise<WorkloadExit>;
  readonly drained: Promise<void>;
  readonly execFailed: Promise<LaunchError | undefined>;
  readonly #parts: WorkloadParts;
  readonly #watch: ChildProcess;
  readonly #goneWrite: number;
  readonly #onChild = (): void => this.#reap();
  #exit: (exit: WorkloadExit) => void = () => undefined;
  #drain: () => void = () => undefined;
  #stopped: (signal: number) => void = () => undefined;
  #ended = false;
  #killing = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(launched: TsemLaunched, parts: WorkloadParts) {
    this.#parts = parts;
    this.pid = launched.pid;
    this.launcher = launched.launcher;
    this.features = launched.features;
    if (launched.groupProblem !== undefined) this.groupProblem = launched.groupProblem;
    [this.goneFd, this.#goneWrite] = makePipe();
    this.exited = new Promise((resolve) => {
      this.#exit = resolve;
    });
    this.drained = new Promise((resolve) => {
      this.#drain = resolve;
    });
    this.execFailed = Promise.race([
      parts.worker.exec.then((errno) =>
        errno === null ? undefined : execFailure(parts.path, errnoName(errno)),
      ),
      // whatever the worker says of the exec, it says before this
      parts.worker.done.then(() => undefined),
    ]).catch(() => undefined);
    this.#watch = startWatch(launched.pid, parts.group);
    this.guardPid = this.#watch.pid ?? 0;
    parts.others.add(this.guardPid);
    process.on("SIGCHLD", this.#onChild);
    this.#reap();
  }

  /** The worker lets the first task go when it begins to serve. */
  go(): void {
    this.#reap();
  }

  kill(): void {
    this.#killing = true;
    this.#tick();
    this.#every();
  }

  signal(number: number): void {
    if (this.#ended || (OF_TERMINAL.has(number) && this.#sharesTerminal())) return;
    // a shell continues the whole group: then it goes on already
    if (number === constants.signals.SIGCONT && processEntry(this.pid)?.state !== "T") return;
    try {
      process.kill(this.pid, number);
    } catch {
      // it has ended; its exit is on its way
    }
  }

  onStopped(listener: (signal: number) => void): void {
    this.#stopped = listener;
  }

  /** Gives everything back. To be called when the workload is gone or has been given up. */
  close(): void {
    clearInterval(this.#timer);
    process.removeListener("SIGCHLD", this.#onChild);
    this.#tellWatch(WATCH.LEAVE);
    (this.#watch.stdio[3] as Writable).end();
    closeFd(this.goneFd);
    this.#closeGone();
  }

  /** A signal from the terminal has reached the workload by itself. */
  #sharesTerminal(): boolean {
    if (processGroup(this.pid) !== processGroup(0)) return false;
    try {
      const terminal = openSync("/dev/tty", "r");
      const group = foregroundGroup(terminal);
      closeSync(terminal);
      return group === processGroup(0);
    } catch {
      return false;
    }
  }

  #reap(): void {
    while (!this.#ended) {
      const change = waitChild(this.pid, WAIT_FLAGS);
      if (change === "none") break;
      if (change === "childless")
        this.#firstEnded({ code: null, signal: constants.signals.SIGKILL });
      else if ((change.status & 0xff) === 0x7f) this.#stopped((change.status >> 8) & 0xff);
      else if (change.status !== 0xffff) this.#firstEnded(exitOf(change.status));
    }
    if (this.#ended) this.#tick();
  }

  #firstEnded(exit: WorkloadExit): void {
    this.#ended = true;
    this.#tellWatch(WATCH.FIRST_ENDED);
    this.#exit(exit);
    this.#every();
  }

  #every(): void {
    this.#timer ??= setInterval(() => this.#tick(), PASS_INTERVAL_MS);
  }

  /** Buries orphans, kills what is to be killed, and finds out whether anything is left. */
  #tick(): void {
    if (this.#goneClosed) return;
    const orphans = this.#orphans();
    if (this.#killing) {
      this.#parts.group?.kill();
      for (const root of this.#ended ? orphans : [this.pid, ...orphans]) {
        descendants(root).forEach(killProcess);
        killProcess(root);
      }
    }
    for (const pid of orphans)
      if (processEntry(pid)?.state === "Z") waitChild(pid, WAIT_NO_HANG | WAIT_ALL);
    if (!this.#ended || !this.#isEmpty()) return;
    clearInterval(this.#timer);
    this.#closeGone();
    this.#drain();
  }

  /** Children of this process that the workload has left to it. */
  #orphans(): number[] {
    const { group, others } = this.#parts;
    return children(process.pid).filter(
      (pid) => pid !== this.pid && !others.has(pid) && (group === undefined || isIn(group, pid)),
    );
  }

  #isEmpty(): boolean {
    const { group } = this.#parts;
    if (group === undefined) return this.#orphans().length === 0;
    try {
      return /^populated 0$/m.test(readFileSync(`${group.path}/cgroup.events`, "latin1"));
    } catch {
      return true;
    }
  }

  #goneClosed = false;
  #closeGone(): void {
    if (this.#goneClosed) return;
    this.#goneClosed = true;
    closeFd(this.#goneWrite);
  }

  #tellWatch(word: number): void {
    (this.#watch.stdio[3] as Writable).write(Uint8Array.of(word));
  }
}

function exitOf(status: number): WorkloadExit {
  const signal = status & 0x7f;
  return signal === 0 ? { code: (status >> 8) & 0xff, signal: null } : { code: null, signal };
}

/** Also of a process that has ended and waits to be buried. */
function isIn({ path }: CgroupHandle, pid: number): boolean {
  try {
    const own = /^0::(\/.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, "latin1"))?.[1] ?? "";
    const name = path.slice(path.lastIndexOf("/"));
    return own.endsWith(name) || own.includes(`${name}/`);
  } catch {
    return false;
  }
}

function startWatch(pid: number, group: CgroupHandle | undefined): ChildProcess {
  const native = nativeTsemProgram();
  const args = ["watch", "3", group === undefined ? "none" : "4", String(pid)];
  const useNode = native === undefined || process.env["GALGO_NO_NATIVE"] === "1";
  const [program, rest] = useNode
    ? [process.execPath, [nodeWatchScript(), ...args]]
    : [native, args];
  const watch = spawn(program, rest, {
    argv0: "galgo-watch",
    cwd: "/",
    env: {},
    stdio: [
      "ignore",
      "ignore",
      "ignore",
      "pipe",
      ...(group === undefined ? [] : [group.directoryFd]),
    ],
  });
  watch.unref();
  const words = watch.stdio[3] as Writable & { unref?(): void };
  words.unref?.();
  // a watch that was killed watches nothing; the run itself does not need it
  words.on("error", () => undefined);
  watch.on("error", () => undefined);
  return watch;
}
