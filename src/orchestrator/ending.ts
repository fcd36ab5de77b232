// SPDX-License-Identifier: Apache-2.0
// How a run ended.
import type { CarriedOut } from "./run-host.ts";
import type { ChildExit } from "./run-record.ts";
import type { WorkerResult } from "./worker-protocol.ts";

/** How a run went, as far as it is known in this thread. */
export interface Ending {
  /** undefined: nobody could tell. */
  readonly exit: ChildExit | undefined;
  readonly result: WorkerResult;
  readonly features: readonly string[];
  /** Why Galgo killed the workload, when it did. */
  readonly killed: string | undefined;
  readonly cutShort: boolean;
  readonly stopRequested: boolean;
  /** What a console or an operator has ordered. */
  readonly ordered: CarriedOut;
}
