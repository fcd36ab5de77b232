// SPDX-License-Identifier: Apache-2.0
// The launcher and the watch for machines where the native ones were not built, bundled into
// dist/native/galgo-launch-tsem-node.mjs. The same duties and messages as native/launch-tsem.c.
import { readlinkSync, readSync, rmdirSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import {
  exitNow,
  replaceProcess,
  setCloseOnExec,
  setDeathSignal,
  setDisposition,
  setOpenFileLimit,
  plainSignals,
} from "../../native/process.ffi.ts";
import { carriedEnvironment } from "../carried-env.ts";
import { dropCapability, pollAll, writeOnce } from "../../native/tsem.ffi.ts";
import { NativeError } from "../../native/native-error.ts";
import { descendants, killProcess, processEntry } from "../seccomp/launch-tree.ts";
import {
  FLAG,
  MAGIC,
  MAX_LINE,
  ORDER,
  ORDER_BYTES,
  REPORT,
  START_BYTES,
  STEP,
  WATCH,
} from "./launch-protocol.ts";

const EXIT_GUARD = 125;
const CAP_MAC_ADMIN = 33;
const KILL_INTERVAL_MS = 5;
const MAX_PASSES = 2_000;

class FirstTask {
  readonly #orders: number;
  readonly #reports: number;
  readonly #control: number;

  constructor(orders: number) {
    this.#orders = orders;
    this.#reports = orders + 1;
    this.#control = orders + 2;
  }

  run(path: string, argv: readonly string[]): void {
    setDeathSignal(constants.signals.SIGKILL);
    // bound before the namespace is there: every file that Node opens afterwards is an event
    replaceProcess("", [], []);
    this.#report(0, 0, 0);
    this.#prepare();
    const env = carriedEnvironment();
    for (;;) {
      const order = this.#receive(ORDER_BYTES);
      const type = order.readUInt32LE(0);
      if (type === ORDER.GO) break;
      const length = order.readUInt32LE(4);
      if (type !== ORDER.WRITE || length > MAX_LINE)
        this.#fail(STEP.PROTOCOL, constants.errno.EINVAL);
      this.#write(order.subarray(8, 8 + length));
    }
    this.#fail(STEP.EXEC, replaceProcess(path, argv, env));
  }

  #prepare(): void {
    const start = this.#receive(START_BYTES);
    if (start.readUInt32LE(0) !== ORDER.START || start.readUInt32LE(4) !== MAGIC)
      this.#fail(STEP.PROTOCOL, constants.errno.EINVAL);
    if ((start.readUInt32LE(8) & FLAG.DIE_WITH_GALGO) === 0) setDeathSignal(0);
    // Node closes the first descriptors on exec, the workload's own among them
    for (let fd = 0; fd < this.#orders; fd++) setCloseOnExec(fd, false);
    for (let fd = this.#orders; fd <= this.#control; fd++) setCloseOnExec(fd, true);
    plainSignals(start.readBigUInt64LE(16));
    const openFiles = Number(start.readBigUInt64LE(24));
    if (openFiles > 0) setOpenFileLimit(openFiles);
    try {
      dropCapability(CAP_MAC_ADMIN);
    } catch (error) {
      this.#fail(STEP.CAPABILITY, error instanceof NativeError ? error.errno : 0);
    }
    this.#report(REPORT.READY, 0, 0);
  }

  #receive(size: number): Buffer {
    const bytes = Buffer.alloc(size);
    const length = readSync(this.#orders, bytes);
    if (length === 0) exitNow(EXIT_GUARD); // Galgo is gone
    if (length !== size) this.#fail(STEP.PROTOCOL, constants.errno.EINVAL);
    return bytes;
  }

  #write(line: Buffer): void {
    const written = writeOnce(this.#control, line);
    if (typeof written === "number") this.#report(REPORT.WROTE, 0, written);
    else this.#report(REPORT.WROTE, numberOf(written), 0);
  }

  /** Type 0 is sent nowhere: it binds the function that sends. */
  #report(type: number, a: number, b: number): void {
    const bytes = Buffer.alloc(12);
    bytes.writeUInt32LE(type, 0);
    bytes.writeInt32LE(a, 4);
    bytes.writeInt32LE(b, 8);
    writeOnce(type === 0 ? -1 : this.#reports, bytes);
  }

  #fail(step: number, errno: number): never {
    this.#report(REPORT.FAILED, step, errno);
    exitNow(step === STEP.EXEC ? (errno === constants.errno.ENOENT ? 127 : 126) : EXIT_GUARD);
    throw new Error("not reached");
  }
}

function numberOf(name: string): number {
  return Object.entries(constants.errno).find(([key]) => key === name)?.[1] ?? constants.errno.EIO;
}

/** Waits for the end of Galgo, then kills what is left of the workload. */
function watch(fromGalgo: number, cgroup: number | undefined, pid: number): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGTSTP"] as const)
    setDisposition(constants.signals[signal], "ignore");
  let first: number | undefined = pid;
  const word = Buffer.alloc(1);
  while (readSync(fromGalgo, word) === 1) {
    if (word[0] === WATCH.LEAVE) return;
    if (word[0] === WATCH.FIRST_ENDED) first = undefined;
  }
  for (let pass = 0; pass < MAX_PASSES && !killPass(cgroup, first); pass++)
    pollAll([], KILL_INTERVAL_MS);
}

/** @returns whether nothing is left */
function killPass(cgroup: number | undefined, first: number | undefined): boolean {
  if (cgroup !== undefined && killGroup(cgroup)) return true;
  if (first !== undefined) [...descendants(first), first].forEach(killProcess);
  return cgroup === undefined && (first === undefined || processEntry(first) === undefined);
}

/** Kills the group; true once it is empty and removed. */
function killGroup(cgroup: number): boolean {
  const link = `/proc/self/fd/${cgroup}`;
  try {
    writeFileSync(`${link}/cgroup.kill`, "1");
    rmdirSync(readlinkSync(link));
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}

const [role = "", ...rest] = process.argv.slice(2);
if (role === "watch") {
  const [fd, group, pid] = rest.map(Number);
  watch(fd ?? 0, Number.isInteger(group) ? group : undefined, pid ?? 0);
} else {
  const [path = "", ...argv] = rest;
  new FirstTask(Number(role)).run(path, argv);
}
