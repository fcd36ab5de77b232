// SPDX-License-Identifier: Apache-2.0
// What the BPF sensor asks of whoever decides, beyond what every sensor does: which behaviour it was, so that its repetitions
// can be counted in the kernel, and events that nobody can wait for.
import type { SecurityEvent } from "../../event/event.ts";
import type { Decision, EventSink } from "../sensor.ts";

export interface BpfDecision extends Decision {
  /**
   * Coefficient (hex) of a behaviour that is inside the model, so its repetitions need no decision; undefined: each one does.
   * Whoever interns the event says at the end how often it came again (`repeated`).
   */
  readonly point?: string;
}

/** What became of an event where nobody can wait. */
export interface Happened {
  /** The programs have refused it. */
  readonly refused: boolean;
  /** Its process was untrusted before. */
  readonly untrusted: boolean;
  /** Somebody could have waited, but the agent was gone and could not be asked. */
  readonly gone?: boolean;
}

export interface BpfSink extends EventSink {
  decide(event: SecurityEvent, untrusted: boolean): BpfDecision;
  /** Models an event that was decided on in the kernel, because its hook can not wait. `kill`: the workload is being killed. */
  happened(event: SecurityEvent, how: Happened): BpfDecision;
  /**
   * True when another process that does the same may have another coefficient: keys say nothing of the number of a process, so such an
   * event is never interned.
   */
  dependsOnProcess(event: SecurityEvent): boolean;
  /**
   * Coefficient (hex) of an event that is inside the model and has not happened: nothing is counted or added. undefined: it is outside,
   * or can not be mapped.
   */
  pointOf(event: SecurityEvent): string | undefined;
  /** A behaviour that `decide` or `happened` gave a point to was seen `count` times more by the programs alone. */
  repeated(point: string, count: number): void;
}
