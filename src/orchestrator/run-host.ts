// SPDX-License-Identifier: Apache-2.0
// What differs between the places where a run can live: a process of its own (the command line), or a daemon that has many.
import type { MessagePort } from "node:worker_threads";
import { followJobControl } from "../sensor/index.ts";
import type { LaunchedWorkload } from "../sensor/seccomp/launch-types.ts";
import { createCgroup } from "./cgroup.ts";
import type { CgroupHandle, NoCgroup } from "./cgroup.ts";
import type { RunPlan } from "./plan.ts";
import { takeSignals } from "./signals.ts";
import type { SignalReceiver } from "./signals.ts";
import type { HeldWorkload } from "./tsem/workload.ts";
import { startWorker } from "./worker-client.ts";
import type { RunWorker, WorkerCallbacks } from "./worker-client.ts";
import type { WorkerSetup } from "./worker-protocol.ts";
import { launchHeld } from "./workload.ts";
import type { Hold } from "./workload.ts";

/** Orders of an operator that were carried out while a run went on. */
export interface CarriedOut {
  /** When the model was sealed. */
  readonly sealedAt?: Date;
  /** Once sealed, what is outside of the model is refused; false: it is not any more. */
  readonly enforced?: boolean;
  /** hex */
  readonly base?: string;
  /** hex */
  readonly pseudonyms?: readonly string[];
}

/** Where a run lives. Everything that it does not say is the same everywhere. */
export interface RunHost {
  /**
   * The thread that decides: one of its own, or a place in one that others share. The setup names the memory in which the run can be
   * looked at while it goes on (`heartbeat`, `shared`).
   */
  startWorker(
    setup: WorkerSetup,
    callbacks: WorkerCallbacks,
    transfer?: readonly MessagePort[],
  ): Promise<RunWorker>;
  /** The workload, held before its first instruction. @throws LaunchError */
  launch(plan: RunPlan, group: CgroupHandle | undefined, hold: Hold): Promise<LaunchedWorkload>;
  /** A group for the workload, or why it gets none. `remove` of the handle is called at the end, also of a run that failed. */
  group(name: string): CgroupHandle | NoCgroup;
  /**
   * Brings the receiver what people want of the run from outside: signals, also those of job control where the workload has our terminal.
   * Called once, when the workload is known, before it is let go.
   * @param workload undefined: it was there before, and its signals are its own
   * @returns undoes that; called when the workload is gone
   */
  attend(receiver: SignalReceiver, workload: HeldWorkload | undefined): () => void;
  /** Processes that the workload must neither signal nor trace, besides its guard. */
  readonly protectedPids: readonly number[];
  /** What has been ordered so far; absent where nobody can. */
  readonly carriedOut?: CarriedOut;
}

/** This process belongs to the run: its signals, its terminal, a thread of its own. */
export function ownProcessHost(): RunHost {
  return {
    startWorker,
    launch: launchHeld,
    group: createCgroup,
    attend: (receiver, workload) => {
      const undo = [
        ...(workload === undefined ? [] : [followJobControl(workload)]),
        takeSignals(receiver),
      ];
      return () => {
        for (const release of undo.reverse()) release();
      };
    },
    protectedPids: [process.pid],
  };
}
