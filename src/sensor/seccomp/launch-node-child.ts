// SPDX-License-Identifier: Apache-2.0
// The process that becomes the workload, when Node has to do it: undoes what Node did to signals and descriptors, installs
// the filter on this thread only, and execs the command from it.
import { constants } from "node:os";
import { Worker } from "node:worker_threads";
import { receiveMessage, sendMessage } from "../../native/fd-passing.ffi.ts";
import { restrictSelf } from "../../native/landlock.ffi.ts";
import { NativeError } from "../../native/native-error.ts";
import {
  exitNow,
  FILTER_FLAGS,
  installFilter,
  replaceProcess,
  setCloseOnExec,
  setDeathSignal,
  setNoNewPrivs,
  setOpenFileLimit,
  plainSignals,
} from "../../native/process.ffi.ts";
import { carriedEnvironment } from "../carried-env.ts";
import { EXIT_GUARD, enter, SLOT, STATE, waitFor } from "./launch-node-sender.ts";
import {
  decodeStart,
  encodeReport,
  FEATURE,
  MAX_MESSAGE_BYTES,
  REPORT,
  STEP,
} from "./launch-protocol.ts";
import type { StartMessage } from "./launch-protocol.ts";

const shared = new Int32Array(new SharedArrayBuffer(4 * SLOT.COUNT));

/**
 * @param socket to the guard
 * @param rest how many descriptors from 0 on are the workload's, pid of the guard, path, argv
 */
export function runChild(socket: number, rest: readonly string[]): void {
  const [owned = "3", guard = "0", path = "", ...argv] = rest;
  setDeathSignal(constants.signals.SIGKILL);
  if (process.ppid !== Number(guard)) exitNow(EXIT_GUARD); // it died before it would have been noticed
  setCloseOnExec(socket, true);
  const message = receiveMessage(socket, MAX_MESSAGE_BYTES, true);
  if (message === undefined || message.bytes.length === 0) exitNow(EXIT_GUARD);
  else {
    startSender(socket);
    // Node closes the first descriptors on exec, the workload's own among them
    for (let fd = 0; fd < Number(owned); fd++) setCloseOnExec(fd, false);
    const env = carriedEnvironment();
    const start = decodeStart(message.bytes);
    const [ruleset] = start.landlock ? message.fds : [];
    become(socket, { ...start, ruleset }, () => replaceProcess(path, argv, env));
  }
}

function startSender(socket: number): void {
  new Worker(new URL(import.meta.url), {
    workerData: { socket, shared },
    // or Node would open the terminal again in place of the workload's stdio
    stdin: true,
    stdout: true,
    stderr: true,
  });
  waitFor(shared, STATE.SENDER_READY);
}

/** What is done to the thread that becomes the command. */
interface Restrictions extends StartMessage {
  readonly ruleset: number | undefined;
}

function become(socket: number, start: Restrictions, exec: () => number): void {
  // bound and run once before the filter is there: afterwards this thread makes no system call that it can avoid
  replaceProcess("", [], []);
  plainSignals(start.ignoredSignals);
  if (start.openFiles > 0) setOpenFileLimit(start.openFiles);
  const failed = restrict(start);
  if (failed !== undefined) {
    sendMessage(socket, encodeReport(REPORT.FAILED, failed.step, failed.errno));
    exitNow(EXIT_GUARD);
  }
  enter(shared, STATE.FILTERED);
  waitFor(shared, STATE.GO);
  Atomics.store(shared, SLOT.ERRNO, exec());
  enter(shared, STATE.EXEC_FAILED);
  waitFor(shared, STATE.EXEC_FAILED + 1); // the other thread ends the process
}

function restrict(
  start: Restrictions,
): { readonly step: number; readonly errno: number } | undefined {
  let step: number = STEP.NO_NEW_PRIVS;
  try {
    if (start.noNewPrivs) setNoNewPrivs();
    step = STEP.LANDLOCK;
    if (start.landlock) restrictSelf(start.ruleset ?? -1);
    step = STEP.FILTER;
    shared[SLOT.FEATURES] = FEATURE.WAIT_KILLABLE;
    shared[SLOT.LISTENER] = filtered(start.filter);
    return undefined;
  } catch (error) {
    return { step, errno: error instanceof NativeError ? error.errno : 0 };
  }
}

/** @returns the listener; -1 without a filter */
function filtered(filter: Uint8Array): number {
  if (filter.length === 0) {
    shared[SLOT.FEATURES] = 0;
    return -1;
  }
  const flags = FILTER_FLAGS.newListener | FILTER_FLAGS.specAllow;
  try {
    return installFilter(filter, flags | FILTER_FLAGS.waitKillable);
  } catch (error) {
    if (!(error instanceof NativeError) || error.errno !== constants.errno.EINVAL) throw error;
    shared[SLOT.FEATURES] = 0; // Linux < 5.19
    return installFilter(filter, flags);
  }
}
