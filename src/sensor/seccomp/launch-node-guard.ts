// SPDX-License-Identifier: Apache-2.0
// The guard in Node: the same duties and messages as native/launch.c. It starts the process that becomes the workload, is
// its parent and subreaper, and kills everything below it when Galgo says so or is gone.
import { closeSync, openSync, readlinkSync, rmdirSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import {
  receiveMessage,
  sendMessage,
  socketPair,
  watchReadable,
} from "../../native/fd-passing.ffi.ts";
import type { ReceivedMessage, Watch } from "../../native/fd-passing.ffi.ts";
import { NativeError } from "../../native/native-error.ts";
import {
  becomeSubreaper,
  duplicateTo,
  exitNow,
  processGroup,
  setCloseOnExec,
  setDisposition,
  setDumpable,
  spawnProcess,
  WAIT_ALL,
  WAIT_CONTINUED,
  WAIT_NO_HANG,
  WAIT_UNTRACED,
  waitChild,
} from "../../native/process.ffi.ts";
import { EXIT_GUARD } from "./launch-node-sender.ts";
import {
  decodeOrder,
  decodeReport,
  decodeStart,
  encodeOrder,
  encodeReport,
  MAX_MESSAGE_BYTES,
  ORDER,
  REPORT,
  STEP,
} from "./launch-protocol.ts";
import { OwnTerminal } from "./launch-node-terminal.ts";
import { descendants, killProcess } from "./launch-tree.ts";

/** Signals that may be passed on: caught, so that it is known which came to the whole group. The others are ignored. */
const CAUGHT = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGTERM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGTSTP",
  "SIGCONT",
] as const;
/** Never ignored: not possible, wanted, or a fault of this process itself. */
const LEFT_ALONE: readonly string[] = [
  ...CAUGHT,
  ...[
    "SIGKILL",
    "SIGSTOP",
    "SIGCHLD",
    "SIGSEGV",
    "SIGBUS",
    "SIGILL",
    "SIGFPE",
    "SIGABRT",
    "SIGTRAP",
    "SIGSYS",
  ],
];
const KILL_INTERVAL_MS = 10;
/** A signal to the whole group reaches this process and Galgo at nearly the same time; so long the later one is waited for. */
const GROUP_SIGNAL_MS = 20;
const WAIT_FLAGS = WAIT_NO_HANG | WAIT_UNTRACED | WAIT_CONTINUED | WAIT_ALL;

/**
 * Guards one workload until none of it is left, then ends the process.
 * @param control socket to Galgo; the descriptors below it are the workload's
 * @param rest path and argv of the workload
 */
export function runGuard(control: number, rest: readonly string[]): void {
  try {
    new Guard(control, rest).run();
  } catch (error) {
    const errno = error instanceof NativeError ? error.errno : constants.errno.EINVAL;
    const step = error instanceof NativeError ? STEP.GUARD : STEP.PROTOCOL;
    sendMessage(control, encodeReport(REPORT.FAILED, step, errno));
    exitNow(EXIT_GUARD);
  }
}

class Guard {
  readonly #control: number;
  readonly #rest: readonly string[];
  readonly #galgo: number = process.ppid;
  readonly #terminal: OwnTerminal = new OwnTerminal();
  /** Caught signals that nobody has asked about yet. */
  readonly #arrived: Set<number> = new Set();
  #cgroup: number | undefined;
  #orders: Watch | undefined;
  #reports: Watch | undefined;
  /** To the child, until it is the command. */
  #socket = -1;
  #child = 0;
  #childGone = false;
  #galgoGone = false;
  #killer: NodeJS.Timeout | undefined;

  constructor(control: number, rest: readonly string[]) {
    this.#control = control;
    this.#rest = rest;
  }

  run(): void {
    this.#becomeGuard();
    const start = receiveMessage(this.#control, MAX_MESSAGE_BYTES, true);
    if (start === undefined || start.bytes.length === 0) {
      exitNow(EXIT_GUARD); // Galgo is gone, nobody to tell
      return;
    }
    const { landlock } = decodeStart(start.bytes);
    // the ruleset comes last; without one there is only the cgroup
    const fds = [...start.fds];
    const rulesets = landlock ? fds.splice(-1) : [];
    this.#cgroup = fds[0];
    this.#startChild(start.bytes, rulesets);
    rulesets.forEach(closeSync);
    this.#orders = watchReadable(this.#control, () => this.#readOrders());
    this.#reports = watchReadable(this.#socket, () => this.#readChild());
    process.on("SIGCHLD", () => this.#reap());
    this.#reap();
  }

  #becomeGuard(): void {
    for (const name of CAUGHT) process.on(name, () => this.#arrived.add(constants.signals[name]));
    for (const [name, number] of Object.entries(constants.signals)) {
      if (!LEFT_ALONE.includes(name)) setDisposition(number, "ignore");
    }
    setCloseOnExec(this.#control, true);
    becomeSubreaper();
    setDumpable(false); // a workload of the same user may not trace the guard
  }

  #startChild(start: Uint8Array, rulesets: readonly number[]): void {
    const [ours, theirs] = socketPair();
    this.#socket = ours;
    for (let fd = 0; fd < this.#control; fd++) setCloseOnExec(fd, false);
    setCloseOnExec(theirs, false);
    const script = process.argv[1] ?? "";
    const own = [String(theirs), String(this.#control), String(process.pid)];
    const argv = [process.execPath, ...process.execArgv, script, "child", ...own, ...this.#rest];
    const env = Object.entries(process.env).map(([name, value]) => `${name}=${value}`);
    this.#child = spawnProcess(process.execPath, argv, env);
    closeSync(theirs);
    sendMessage(ours, start, rulesets);
  }

  // --- the workload's first process ---------------------------------------------------------------------------------

  #readChild(): void {
    while (this.#socket >= 0) {
      const message = receiveMessage(this.#socket, MAX_MESSAGE_BYTES, false);
      if (message === undefined) return;
      if (message.bytes.length === 0) {
        this.#closeSocket(); // the command has begun, or the child is dead
        return;
      }
      this.#relay(message);
    }
  }

  #closeSocket(): void {
    const socket = this.#socket;
    this.#socket = -1;
    this.#reports?.close();
    closeSync(socket);
  }

  #relay({ bytes, fds }: ReceivedMessage): void {
    const { type, b } = decodeReport(bytes);
    if (type !== REPORT.READY) {
      sendMessage(this.#control, bytes);
      return;
    }
    sendMessage(this.#control, encodeReport(type, this.#child, b), fds);
    fds.forEach(closeSync);
    // the guard must not keep the user's pipes open
    const nothing = openSync("/dev/null", "r+");
    for (let fd = 0; fd < this.#control; fd++) duplicateTo(nothing, fd);
    closeSync(nothing);
  }

  #childChanged(status: number): void {
    if ((status & 0xff) === 0x7f) {
      sendMessage(this.#control, encodeReport(REPORT.STOPPED, (status >> 8) & 0xff, 0));
    } else if (status === 0xffff) {
      // continued by hand while Galgo stopped along with it: a stopped Galgo answers nothing
      if (process.ppid === this.#galgo) process.kill(this.#galgo, "SIGCONT");
    } else {
      this.#readChild(); // why the exec failed comes before the exit
      this.#childGone = true;
      this.#terminal.takeBack();
      sendMessage(this.#control, encodeReport(REPORT.EXITED, status, 0));
    }
  }

  #reap(): void {
    for (;;) {
      const change = waitChild(-1, WAIT_FLAGS);
      if (change === "none") return;
      if (change === "childless") break;
      if (change.pid === this.#child) this.#childChanged(change.status);
    }
    this.#terminal.takeBack();
    sendMessage(this.#control, encodeReport(REPORT.DRAINED, 0, 0));
    if (this.#galgoGone) this.#removeCgroup();
    exitNow(0);
  }

  // --- orders -------------------------------------------------------------------------------------------------------

  #readOrders(): void {
    for (;;) {
      const message = receiveMessage(this.#control, MAX_MESSAGE_BYTES, false);
      if (message === undefined) return;
      if (message.bytes.length === 0) {
        this.#galgoGone = true;
        this.#orders?.close();
        this.#killAll();
        return;
      }
      const { type, argument } = decodeOrder(message.bytes);
      if (type === ORDER.GO && this.#socket >= 0) sendMessage(this.#socket, encodeOrder(ORDER.GO));
      if (type === ORDER.KILL) this.#killAll();
      if (type === ORDER.SIGNAL) setTimeout(() => this.#passOn(argument), GROUP_SIGNAL_MS);
    }
  }

  #passOn(signal: number): void {
    const toGroup = this.#arrived.delete(signal);
    if (this.#childGone) return;
    if (toGroup && processGroup(this.#child) === processGroup(0)) return;
    process.kill(this.#child, signal);
  }

  #killAll(): void {
    if (this.#killer !== undefined) return;
    this.#killer = setInterval(() => this.#killPass(), KILL_INTERVAL_MS);
    this.#killPass();
  }

  #killPass(): void {
    if (this.#cgroup !== undefined) {
      try {
        writeFileSync(`/proc/self/fd/${this.#cgroup}/cgroup.kill`, "1");
      } catch {
        // Linux < 5.14: one by one, as below
      }
    }
    descendants(process.pid).forEach(killProcess);
    if (!this.#childGone) killProcess(this.#child); // all that can be done where /proc can not be read
    this.#reap();
  }

  #removeCgroup(): void {
    if (this.#cgroup === undefined) return;
    try {
      rmdirSync(readlinkSync(`/proc/self/fd/${this.#cgroup}`));
    } catch {
      // the workload made groups of its own in it; the next start of Galgo removes them
    }
  }
}
