// SPDX-License-Identifier: Apache-2.0
// The Trusted Modeling Agent as the orchestrator sees it, wherever it runs. Synchronous on purpose: a held task
// waits for the answer, and the thread that asks has nothing else to do (a remote agent blocks in a system call).
import type { SecurityEvent } from "../event/event.ts";

/** What the model says of one event. */
export interface Assessment {
  /** hex */
  readonly coefficient: string;
  /** true when this event extended the model (free: trajectory) or was new to a sealed one (forensics). */
  readonly added: boolean;
  /** false: outside a sealed model. */
  readonly valid: boolean;
  /** A fleet refuses it, whatever the run's own mode would do. */
  readonly ruling?: "deny" | "kill";
}

/** Maps events to coefficients and gives verdicts. One per namespace. Errors mean "no verdict": callers fail closed. */
export interface TrustedModelingAgent {
  assess(event: SecurityEvent): Assessment;
  seal(): void;
  /** hex */
  state(): string;
  /** hex */
  measurement(): string;
  close(): void;
}
