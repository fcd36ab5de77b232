// SPDX-License-Identifier: Apache-2.0
// Galgo's end of the socket to a guard: orders out, reports in, and what to do when the guard is gone too early.
import { closeSync } from "node:fs";
import { deferred } from "../../base/deferred.ts";
import { receiveMessage, trySendMessage, watchReadable } from "../../native/fd-passing.ffi.ts";
import type { Watch } from "../../native/fd-passing.ffi.ts";
import { launchFailure } from "./launch-failure.ts";
import { killOrphans } from "./launch-orphans.ts";
import { decodeReport, encodeOrder, MAX_MESSAGE_BYTES, ORDER, REPORT } from "./launch-protocol.ts";
import type { Report } from "./launch-protocol.ts";
import { LaunchError } from "./launch-types.ts";
import type { WorkloadExit, WorkloadGroup } from "./launch-types.ts";

/** The held workload, as the guard reports it. */
export interface ReadyReport {
  readonly pid: number;
  readonly features: number;
  /** -1 without a filter */
  readonly listenerFd: number;
}

export interface GuardLinkOptions {
  /** Galgo's end of the socket; the link closes it. */
  readonly socket: number;
  readonly guardPid: number;
  /** Resolves when the guard's process has ended, and so its children are somebody else's. */
  readonly guardEnded: Promise<void>;
  /** The command's file, for messages. */
  readonly path: string;
  /** A filter was asked for, so there has to be a listener. */
  readonly filtered: boolean;
  /** Children that this process had before: what comes to it later, once the guard is dead, is the workload's. */
  readonly others: ReadonlySet<number>;
  /** The guard is a child of another process: that one kills and buries it, with what it leaves; `guardEnded` settles after that. */
  readonly endElsewhere?: () => void;
}

/** One guard and its workload, until both are gone. */
export class GuardLink {
  onStopped: ((signal: number) => void) | undefined;
  group: WorkloadGroup | undefined;
  readonly #options: GuardLinkOptions;
  readonly #ready = deferred<ReadyReport>();
  readonly #exited = deferred<WorkloadExit>();
  readonly #drained = deferred<void>();
  readonly #execFailed = deferred<LaunchError | undefined>();
  readonly #watch: Watch;
  #state: "starting" | "failed" | "held" | "drained" | "closed" = "starting";
  #pid: number | undefined;

  constructor(options: GuardLinkOptions) {
    this.#options = options;
    this.#watch = watchReadable(options.socket, () => {
      this.#readAll();
    });
  }

  get guardPid(): number {
    return this.#options.guardPid;
  }

  get ready(): Promise<ReadyReport> {
    return this.#ready.promise;
  }

  get exited(): Promise<WorkloadExit> {
    return this.#exited.promise;
  }

  get drained(): Promise<void> {
    return this.#drained.promise;
  }

  get execFailed(): Promise<LaunchError | undefined> {
    return this.#execFailed.promise;
  }

  start(message: Uint8Array, fds: readonly number[]): void {
    const sent = trySendMessage(this.#options.socket, message, fds);
    if (sent === "full") this.abandon("takes no messages");
  }

  go(): void {
    this.#order(ORDER.GO, 0);
  }

  signal(number: number): void {
    this.#order(ORDER.SIGNAL, number);
  }

  kill(): void {
    if (this.#state === "closed") return;
    this.group?.kill();
    this.#order(ORDER.KILL, 0);
    this.#signalGuard("SIGCONT"); // a workload with the right to may have stopped its guard
  }

  #signalGuard(signal: NodeJS.Signals): void {
    try {
      process.kill(this.#options.guardPid, signal);
    } catch {
      // gone: the end of the socket says so
    }
  }

  /**
   * Gives the guard up, and kills it, unless it has told of a workload or of a failure.
   * @param why what it does instead, in words
   */
  abandon(why: string): void {
    this.#readAll();
    if (this.#state === "starting") this.#ended(`the launcher ${why}`);
  }

  /** Never waits: others depend on this thread. A guard that has stopped reading loses signals, and its life when it shall kill. */
  #order(type: number, argument: number): void {
    if (this.#state === "closed") return;
    const sent = trySendMessage(this.#options.socket, encodeOrder(type, argument));
    if (sent === "full" && type === ORDER.KILL) this.#signalGuard("SIGKILL");
  }

  #readAll(): void {
    while (this.#state !== "closed") {
      const message = receiveMessage(this.#options.socket, MAX_MESSAGE_BYTES, false);
      if (message === undefined) return;
      if (message.bytes.length === 0) {
        this.#ended();
        return;
      }
      this.#take(decodeReport(message.bytes), message.fds);
    }
  }

  #take(report: Report, fds: readonly number[]): void {
    if (report.type === REPORT.READY && this.#state === "starting") {
      this.#takeReady(report, fds);
      return;
    }
    // no guard of ours sends any, but it may have been started by somebody else
    for (const fd of fds) closeSync(fd);
    switch (report.type) {
      case REPORT.FAILED:
        this.#takeFailure(launchFailure(report.a, report.b, this.#options.path));
        break;
      case REPORT.EXITED:
        this.#execFailed.resolve(undefined);
        this.#exited.resolve(exitOf(report.a));
        break;
      case REPORT.STOPPED:
        this.onStopped?.(report.a);
        break;
      case REPORT.DRAINED:
        if (this.#state === "starting") this.#ready.reject(tooEarly());
        this.#state = "drained";
        // a guard that could not wait for the first process (SIGCHLD is ignored) has not told its end
        this.#execFailed.resolve(undefined);
        this.#exited.resolve({ code: null, signal: null });
        this.#drained.resolve();
        break;
      default:
      // an older Galgo with a newer guard: the magic number of the start message rules that out
    }
  }

  #takeReady(report: Report, fds: readonly number[]): void {
    const [listenerFd = -1, ...others] = fds;
    for (const fd of others) closeSync(fd);
    if (listenerFd < 0 && this.#options.filtered) {
      const error = new LaunchError("LAUNCH_FAILED", "the guard's message carries no listener");
      this.#ready.reject(error);
      this.#order(ORDER.KILL, 0);
      return;
    }
    this.#state = "held";
    this.#pid = report.a;
    this.#ready.resolve({ pid: report.a, features: report.b, listenerFd });
  }

  #takeFailure(error: LaunchError): void {
    if (error.code === "EXEC_FAILED") {
      this.#execFailed.resolve(error);
      return;
    }
    if (this.#state === "starting") this.#state = "failed";
    this.#ready.reject(error);
  }

  #ended(early = "the launcher ended before the workload was held"): void {
    const orderly = this.#state === "drained" || this.#state === "failed";
    const held = this.#state === "held";
    this.#close();
    if (orderly) return;
    const error = new LaunchError(
      "GUARD_DIED",
      held
        ? `the guard (pid ${this.#options.guardPid}) of the workload ended unexpectedly; the workload was killed`
        : early,
      { facts: { guardPid: this.#options.guardPid } },
    );
    this.#ready.reject(error);
    void this.#killWithoutGuard().finally(() => {
      this.#execFailed.resolve(undefined);
      this.#exited.reject(error);
      this.#drained.reject(error);
    });
  }

  async #killWithoutGuard(): Promise<void> {
    this.group?.kill();
    const { endElsewhere } = this.#options;
    if (endElsewhere !== undefined) {
      endElsewhere();
      // that process may be dead; a guard that was stopped shall see that nobody has its socket any more
      this.#signalGuard("SIGCONT");
      await this.#options.guardEnded;
      return;
    }
    // closed descriptors come before new parents when a process dies; a guard that only lost its socket is of no use either
    this.#signalGuard("SIGKILL");
    await this.#options.guardEnded;
    const { filtered, others } = this.#options;
    await killOrphans(this.#pid, filtered ? undefined : others);
  }

  #close(): void {
    this.#state = "closed";
    this.#watch.close();
    closeSync(this.#options.socket);
  }
}

/** A signal from the terminal, for example. */
function tooEarly(): LaunchError {
  return new LaunchError("LAUNCH_FAILED", "the workload's process ended before it was held", {
    facts: { step: "fork" },
  });
}

function exitOf(status: number): WorkloadExit {
  const signal = status & 0x7f;
  return signal === 0 ? { code: (status >> 8) & 0xff, signal: null } : { code: null, signal };
}
