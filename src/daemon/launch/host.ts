// SPDX-License-Identifier: Apache-2.0
// The host of a run whose guard is a child of a client: launched there, signalled from there, decided on here.
import { constants } from "node:os";
import { createCgroup, launchOptions, RunError, signalTaker } from "../../orchestrator/index.ts";
import type { RunHost } from "../../orchestrator/run-host.ts";
import type { HeldWorkload } from "../../orchestrator/tsem/workload.ts";
import { launchByGuard, processEntry } from "../../sensor/index.ts";
import { daemonHost } from "../host.ts";
import type { DaemonContext } from "../part.ts";

/** What a client has placed. */
export interface ClientSide {
  readonly pid: number;
  /** Our end of the guard's socket; the caller owns it. undefined: the client is gone. */
  takeGuard(): number | undefined;
  readonly guardPid: number;
  /** Nothing of the guard and the workload is left there. */
  readonly gone: Promise<void>;
  /** Makes the client kill all of it. */
  endGuard(): void;
  /** The workload's first process has stopped: the client stops too. */
  stop(pid: number): void;
  /** Where signals go that the client gets. undefined: they wait, or are of no use any more. */
  onSignal(take: ((number: number) => void) | undefined): void;
}

const NAMES = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name as NodeJS.Signals]),
);
/** Job control: the workload gets them, and they ask nobody for anything. */
const JOB_CONTROL: ReadonlySet<number> = new Set([
  constants.signals.SIGTSTP,
  constants.signals.SIGCONT,
]);

export function clientHost(
  context: Pick<DaemonContext, "startWorker">,
  client: ClientSide,
): RunHost {
  return daemonHost(context, {
    protectedPids: [process.pid, client.pid],
    group: (name) => createCgroup(name, client.pid),
    launch: async (plan, group, hold) => {
      const { guardPid, gone: guardEnded } = client;
      const socket = client.takeGuard();
      if (socket === undefined)
        throw new RunError("LAUNCH_FAILED", "the galgo that it was started with was killed");
      const end = (): void => client.endGuard();
      return launchByGuard(
        { socket, guardPid, guardEnded, end },
        launchOptions(plan, group, hold, client.pid),
      );
    },
    attend: (receiver, workload) => {
      const take = signalTaker(receiver);
      if (workload !== undefined) followStops(workload, client);
      client.onSignal((number) => {
        const name = NAMES.get(number);
        if (JOB_CONTROL.has(number)) workload?.signal(number);
        else if (name !== undefined) take(name);
      });
      return () => {
        workload?.onStopped(() => undefined);
        client.onSignal(undefined);
      };
    },
  });
}

/** The shell above the client shall get its terminal back. The news may be old: then the workload goes on already. */
function followStops(workload: HeldWorkload, client: ClientSide): void {
  workload.onStopped(() => {
    if (processEntry(workload.pid)?.state === "T") client.stop(workload.pid);
  });
}
