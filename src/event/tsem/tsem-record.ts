// SPDX-License-Identifier: Apache-2.0
// What one line of a TSEM kernel's export file, trajectory or forensics says.
import type { SecurityEvent } from "../event.ts";

/**
 * Whose rules a line is read by. `kernel`: a TSEM kernel of 2024 or 2025, with its quirks. `quixote`: the Quixote agent of 2025, `quixote-2024`:
 * that of 2024; their rules lose some of what the kernel says, and their mappings depend on it.
 */
export type TsemDialect = "kernel" | "quixote" | "quixote-2024";

/** One record. `pid` of its event is 0 where the line has none. */
export type TsemRecord =
  /** `event`: the task waits for an answer; `async_event`: it does not; `trajectory`: a line of trajectory or forensics. */
  | { readonly kind: "event" | "async_event" | "trajectory"; readonly event: SecurityEvent }
  /** Something an untrusted task did. Kernels before April 2025 say `process`, `hook` and `action` (LOG or DENY) only, later ones the whole event. */
  | {
      readonly kind: "log";
      readonly event?: SecurityEvent;
      readonly process: string;
      /** Name of the hook as the kernel spells it; it need not be in the vocabulary. */
      readonly hook: string;
      readonly action?: string;
    }
  /** The aggregate of the platform, hex; the first record of a namespace. */
  | { readonly kind: "aggregate"; readonly value: string }
  /** An export record that says nothing, not even who waits: what the kernel writes for tun devices. */
  | { readonly kind: "nothing" };
