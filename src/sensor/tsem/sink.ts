// SPDX-License-Identifier: Apache-2.0
// What the TSEM sensor asks of whoever decides, beyond what every sensor does.
import type { SecurityEvent } from "../../event/event.ts";
import type { Decision, EventSink } from "../sensor.ts";

/**
 * An event that nobody waits for. `async`: its hook ran where nothing may sleep. `log`: of a task that is untrusted already; the
 * kernel has refused it when it enforces.
 */
export type Unheld = "async" | "log";

export interface TsemSink extends EventSink {
  /** Models an event that can not be answered. An enforcing sink kills the workload on an `async` one outside the model. */
  unheld(event: SecurityEvent, how: Unheld): Decision;
  /** A record that can not be judged; `text` is kept. An enforcing sink kills the workload. */
  unreadable(text: string, why: string): Decision;
  /** A call of an untrusted task that the kernel refused without describing it (2024). */
  refusedUnseen(): void;
}
