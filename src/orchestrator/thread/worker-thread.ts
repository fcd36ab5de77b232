// SPDX-License-Identifier: Apache-2.0
// The thread of the worker. A command line that is certain to need it starts it before it loads the rest of itself:
// the two then start side by side.
import type { Worker } from "node:worker_threads";
import { siblingModule, startThread } from "./start-thread.ts";

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
  return startThread(siblingModule(import.meta.url, "../worker"), {});
}
