// SPDX-License-Identifier: Apache-2.0
// The thread of the worker. A command line that is certain to need it starts it before it loads the rest of itself:
// the two then start side by side.
import type { Worker } from "node:worker_threads";
import { siblingModule, startThread } from "./start-thread.ts";

/** Time that a thread gets to load its modules when the process is about to end. */
const LOADING_MS = 5_000;

/** Becomes 1 when a thread has loaded its modules. */
export type LoadedFlag = Int32Array<SharedArrayBuffer>;

const flags: LoadedFlag[] = [];
let early: Worker | undefined;

/** Starts the thread for a run that is about to be asked for. It keeps the process from ending only once it is taken. */
export function startWorkerEarly(): void {
  early ??= newThread();
  early.unref();
}

/** A thread of the worker that has not been set up. */
export function takeWorkerThread(): Worker {
  const thread = early ?? newThread();
  early = undefined;
  thread.ref();
  return thread;
}

function newThread(): Worker {
  const loaded: LoadedFlag = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  flags.push(loaded);
  return startThread(siblingModule(import.meta.url, "../worker"), { workerData: { loaded } });
}

/**
 * Waits, blocking, until every thread has loaded its modules. To be called before the process exits: Node aborts when a thread is ended
 * while it loads a native addon.
 */
export function awaitLoadedThreads(): void {
  for (const flag of flags) Atomics.wait(flag, 0, 0, LOADING_MS);
}
