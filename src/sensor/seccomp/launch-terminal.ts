// SPDX-License-Identifier: Apache-2.0
// Makes Galgo stand for its workload towards the shell that started it: signals sent to Galgo reach the workload, and when
// the workload stops (Ctrl-Z, `suspend`), Galgo stops too, so that the shell gets its terminal back.
import { constants } from "node:os";
import { processEntry } from "./launch-tree.ts";
import type { LaunchedWorkload } from "./launch-types.ts";

/** SIGTTIN and SIGTTOU keep their default: they stop Galgo along with a workload in the background that uses the terminal. */
const PASSED: readonly NodeJS.Signals[] = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGTERM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGCONT",
];

/**
 * From now on this process does not end or stop by a signal that is meant for the workload, but passes it on.
 * @returns undoes that; call it when the workload is gone
 */
export function standInFor(workload: LaunchedWorkload): () => void {
  const undo = PASSED.map((name) => passOn(name, workload));
  let stopping = passOn("SIGTSTP", workload);
  workload.onStopped(() => {
    // the news may be old: the shell has continued all of us meanwhile
    if (processEntry(workload.pid)?.state !== "T") return;
    stopping();
    // by default action, which the kernel leaves out where no shell is there to continue us
    process.kill(process.pid, "SIGTSTP");
    stopping = passOn("SIGTSTP", workload);
  });
  return () => {
    workload.onStopped(() => undefined);
    stopping();
    for (const each of undo) each();
  };
}

function passOn(name: NodeJS.Signals, workload: LaunchedWorkload): () => void {
  const handler = (): void => workload.signal(constants.signals[name]);
  process.on(name, handler);
  return () => {
    process.removeListener(name, handler);
  };
}
