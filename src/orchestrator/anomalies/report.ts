// SPDX-License-Identifier: Apache-2.0
// Something strange that a workload did, as it is told from thread to thread, and what followed from it, as it is written down.
import type { AnomalyAction } from "./policy.ts";

/** Found by an agent that looks at sequences of allowed behaviours. */
export interface Anomaly {
  /** Who has found it: the model's own sequences, or an agent of the user's. */
  readonly agent: "sequence" | "onnx";
  /** Of this agent in this run, from 1. */
  readonly number: number;
  /** In what a process does, or in all that the workload does. */
  readonly stream: "process" | "workload";
  /** While it goes on, or on what has ended. */
  readonly kind: "alarm" | "verdict";
  readonly pid?: number;
  /** hex */
  readonly taskId?: string;
  /** When the event was decided after which it was strange (ms since 1970). */
  readonly at: number;
  /** One line for people. */
  readonly words: string;
}

/** A line of responses.jsonl. */
export interface ResponseRecord {
  readonly agent: Anomaly["agent"];
  readonly anomaly: number;
  /** none: there was nothing to be done it to. */
  readonly action: AnomalyAction | "thaw" | "none";
  /** Who has decided: the policy of the run, its time limit, or a person. */
  readonly by: "policy" | "limit" | "person";
  /** The person, as far as known, or why nothing was done. */
  readonly detail?: string;
  /** When the event was decided after which it was strange, when this was ordered, when it had its effect (ISO 8601). */
  readonly event: string;
  readonly ordered: string;
  readonly effective: string;
  /** From the deciding event to the effect; of what a limit or a person decides, from that decision (ms). */
  readonly tookMs: number;
}
