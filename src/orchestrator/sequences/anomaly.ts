// SPDX-License-Identifier: Apache-2.0
// Something strange in what a workload does although its model allows it, as it is told while the run goes on. A line of anomalies.jsonl.
import type { SurprisingEvent } from "../../model/sequence/index.ts";

/** Plain data. */
export interface AnomalyReport {
  /** From 1, in its run. */
  readonly number: number;
  /** A process, or all of the run. */
  readonly stream: "process" | "workload";
  /** `alarm`: the last events were strange; `verdict`: a process, or the run, that has ended was. */
  readonly kind: "alarm" | "verdict";
  /** Of a process. */
  readonly pid?: number;
  readonly taskId?: string;
  /** When the deciding event was taken (ms since 1970). */
  readonly at: number;
  /** Number of the deciding event in its stream, from 1; of a verdict how many there were. */
  readonly event: number;
  /** Mean surprise (nats) of the events of a window; of a verdict the mean excess surprise of its lowest windows. */
  readonly level: number;
  readonly threshold: number;
  readonly surprises: readonly SurprisingEvent[];
}
