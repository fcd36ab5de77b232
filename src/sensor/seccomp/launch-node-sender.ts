// SPDX-License-Identifier: Apache-2.0
// Of the process that becomes a workload: the thread that has no filter. It does what the filtered main thread must not,
// because a call that is held before anybody listens would wait for ever: hand over the listener, report a failed exec.
import { workerData } from "node:worker_threads";
import { receiveMessage, sendMessage } from "../../native/fd-passing.ffi.ts";
import { exitNow } from "../../native/process.ffi.ts";
import {
  decodeOrder,
  encodeReport,
  MAX_MESSAGE_BYTES,
  ORDER,
  REPORT,
  STEP,
} from "./launch-protocol.ts";

/** Slots of the memory that the two threads share; STATE is what they wait on. */
export const SLOT = { STATE: 0, LISTENER: 1, FEATURES: 2, ERRNO: 3, COUNT: 4 } as const;
/** STATE takes these values in this order, each set by the thread that is not waiting. */
export const STATE = { STARTED: 0, SENDER_READY: 1, FILTERED: 2, GO: 3, EXEC_FAILED: 4 } as const;

export const EXIT_GUARD = 125;
const EXIT_NOT_EXECUTABLE = 126;
const EXIT_NOT_FOUND = 127;
const ENOENT = 2;

/** What the main thread gives to this one. */
export interface SenderData {
  readonly socket: number;
  readonly shared: Int32Array;
}

/** Enters a state and wakes the other thread. */
export function enter(shared: Int32Array, state: number): void {
  Atomics.store(shared, SLOT.STATE, state);
  Atomics.notify(shared, SLOT.STATE);
}

/** Waits until STATE is at least `state`. */
export function waitFor(shared: Int32Array, state: number): void {
  for (;;) {
    const now = Atomics.load(shared, SLOT.STATE);
    if (now >= state) return;
    Atomics.wait(shared, SLOT.STATE, now);
  }
}

/** Does its duty and waits for the exec, which ends this thread, or for its failure. */
export function runSender(): void {
  const { socket, shared } = workerData as SenderData;
  enter(shared, STATE.SENDER_READY);
  waitFor(shared, STATE.FILTERED);
  const ready = encodeReport(REPORT.READY, process.pid, shared[SLOT.FEATURES] ?? 0);
  const listener = shared[SLOT.LISTENER] ?? -1;
  sendMessage(socket, ready, listener < 0 ? [] : [listener]);
  const order = receiveMessage(socket, MAX_MESSAGE_BYTES, true);
  if (order === undefined || order.bytes.length === 0) exitNow(EXIT_GUARD);
  else if (decodeOrder(order.bytes).type !== ORDER.GO) exitNow(EXIT_GUARD);
  enter(shared, STATE.GO);
  waitFor(shared, STATE.EXEC_FAILED);
  const errno = shared[SLOT.ERRNO] ?? 0;
  sendMessage(socket, encodeReport(REPORT.FAILED, STEP.EXEC, errno));
  exitNow(errno === ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}
