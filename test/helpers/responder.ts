// SPDX-License-Identifier: Apache-2.0
// The smallest possible sensor: a thread that lets every held call go on.
import { closeSync } from "node:fs";
import { siblingModule, startThread } from "../../src/native/start-thread.ts";

/** Answers everything that comes from the listener until the workload is gone; closes the listener then. */
export function answerAll(listenerFd: number): Promise<void> {
  const thread = startThread(siblingModule(import.meta.url, "responder-thread"), {
    workerData: { listenerFd },
  });
  return new Promise((resolve, reject) => {
    thread.once("error", reject);
    thread.once("exit", () => {
      closeSync(listenerFd);
      resolve();
    });
  });
}
