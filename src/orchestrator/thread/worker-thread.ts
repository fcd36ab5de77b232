// SPDX-License-Identifier: Apache-2.0
// The thread of the worker. A command line that is certain to need it starts it before it loads the rest of itself:
// the two then start side by side.
import type { Worker } from "node:worker_threads";
import { siblingModule, startThread } from "../../native/start-thread.ts";

/** Time that a thread gets to load its modules when the process is about to end. */
const LOADING_MS = 5_000;

/** Becomes 1 when a thread has loaded its modules. */
export type LoadedFlag = Int32Array<SharedArrayBuffer>;

/** A thread of the worker that has not been set up. It keeps the process from ending only once it is taken. */
export interface EarlyWorker {
  readonly thread: Worker;
  readonly loaded: LoadedFlag;
}

const flags: LoadedFlag[] = [];
let early: EarlyWorker | undefined;

/** Starts the thread for a run that is about to be asked for. */
export function startWorkerEarly(): EarlyWorker {
  const worker = newWorker();
  worker.thread.unref();
  return worker;
}

/** Keeps a thread that was started early for the first run. */
export function keepEarlyWorker(worker: EarlyWorker): void {
  flags.push(worker.loaded);
  early = worker;
}

/** A thread of the worker that has not been set up: the one that was kept, or a new one. */
export function takeWorkerThread(): Worker {
  const worker = early ?? newWorker();
  if (worker !== early) flags.push(worker.loaded);
  early = undefined;
  worker.thread.ref();
  return worker.thread;
}

/** For a thread that is started now: `awaitLoadedThreads` waits until it is set. */
export function awaitedFlag(): LoadedFlag {
  const flag = newFlag();
  flags.push(flag);
  return flag;
}

function newFlag(): LoadedFlag {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

function newWorker(): EarlyWorker {
  const loaded = newFlag();
  const module = siblingModule(import.meta.url, "../worker");
  return { thread: startThread(module, { workerData: { loaded } }), loaded };
}

/**
 * Waits, blocking, until every thread has loaded its modules. To be called before the process exits: Node aborts when a thread is ended
 * while it loads a native addon.
 */
export function awaitLoadedThreads(): void {
  for (const flag of flags) Atomics.wait(flag, 0, 0, LOADING_MS);
}

let hung = false;

/** A thread is in a system call that does not return: it can not be ended, and an orderly exit would wait for it. */
export function noteHungThread(): void {
  hung = true;
}

export function hasHungThread(): boolean {
  return hung;
}
