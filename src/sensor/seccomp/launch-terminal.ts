// SPDX-License-Identifier: Apache-2.0
// Job control: makes Galgo stop and go on with its workload, so that the shell which started it gets its terminal back on
// Ctrl-Z or `suspend`. Other signals are the orchestrator's to take; see LaunchedWorkload.signal.
import { constants } from "node:os";
import { processEntry } from "./launch-tree.ts";
import type { LaunchedWorkload } from "./launch-types.ts";

type Followed = Pick<LaunchedWorkload, "pid" | "signal" | "onStopped">;

/**
 * From now on this process stops when the workload's first process has stopped, not earlier: until then somebody has to
 * answer its system calls. SIGTTIN and SIGTTOU keep their default, they come to both at once.
 * @returns undoes that; call it when the workload is gone
 */
export function followJobControl(workload: Followed): () => void {
  const undoContinue = passOn("SIGCONT", workload);
  let undoStop = passOn("SIGTSTP", workload);
  workload.onStopped(() => {
    // the news may be old: the shell has continued all of us meanwhile
    if (processEntry(workload.pid)?.state !== "T") return;
    undoStop();
    // by default action, which the kernel leaves out where no shell is there to continue us
    process.kill(process.pid, "SIGTSTP");
    undoStop = passOn("SIGTSTP", workload);
  });
  return () => {
    workload.onStopped(() => undefined);
    undoStop();
    undoContinue();
  };
}

function passOn(name: "SIGTSTP" | "SIGCONT", workload: Followed): () => void {
  const handler = (): void => workload.signal(constants.signals[name]);
  process.on(name, handler);
  return () => {
    process.removeListener(name, handler);
  };
}
