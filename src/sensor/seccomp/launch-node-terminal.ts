// SPDX-License-Identifier: Apache-2.0
// The guard's care for the terminal: a shell in the workload takes it for its own process group, and when the shell was
// killed it could not give it back.
import { closeSync, constants, openSync } from "node:fs";
import { foregroundGroup, processGroup, setForegroundGroup } from "../../native/process.ffi.ts";

/** The controlling terminal, if our process group was in its foreground at the start. */
export class OwnTerminal {
  readonly #ours: boolean = withTerminal((fd) => foregroundGroup(fd) === processGroup(0)) ?? false;

  /** Puts our process group into the foreground again when the group that is there has no process left. */
  takeBack(): void {
    if (!this.#ours) return;
    withTerminal((fd) => {
      const group = foregroundGroup(fd);
      if (group > 0 && group !== processGroup(0) && isEmpty(group)) {
        setForegroundGroup(fd, processGroup(0));
      }
    });
  }
}

function withTerminal<T>(use: (fd: number) => T): T | undefined {
  let fd: number;
  try {
    fd = openSync("/dev/tty", constants.O_RDWR | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

function isEmpty(group: number): boolean {
  try {
    process.kill(-group, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
