// SPDX-License-Identifier: Apache-2.0
// What a namespace tells whoever keeps it beyond the life of its agent, and what it goes on with.
import type { EventOf } from "../../event/index.ts";
import type { LossReason } from "../run-record.ts";

export interface NamespaceCounts {
  readonly events: number;
  readonly violations: number;
  readonly refused: number;
}

/** Told as it happens. With a ledger records are written before the answer: what a task was allowed to do is on record, whoever dies. */
export interface NamespaceLedger {
  counts(counts: NamespaceCounts): void;
  lost(reason: string, example: string): void;
  /** Who is behind a TASK_ID. */
  program(record: EventOf<"bprm_committed_creds">): void;
  /** At this event a new behaviour was found. */
  grown(event: number): void;
  sealed(): void;
}

/** A namespace before its agent was killed. */
export interface KeptNamespace extends NamespaceCounts {
  readonly programs: readonly EventOf<"bprm_committed_creds">[];
  readonly growth: readonly number[];
  readonly losses: readonly LossReason[];
  /** A free one was closed. */
  readonly sealed: boolean;
}
