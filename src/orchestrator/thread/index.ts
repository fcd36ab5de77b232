// SPDX-License-Identifier: Apache-2.0
// Threads: a door of their own, so that a command line can start one before it loads the orchestrator.
export { siblingModule, startThread } from "../../native/start-thread.ts";
export {
  awaitLoadedThreads,
  type EarlyWorker,
  hasHungThread,
  keepEarlyWorker,
  startWorkerEarly,
  takeWorkerThread,
} from "./worker-thread.ts";
