// SPDX-License-Identifier: Apache-2.0
// The part of a Trusted Modeling Agent that can run elsewhere: the set of coefficients, its verdicts, measurement and state. Whoever asks
// keeps the rules, and has computed the coefficient. Errors mean: no verdict.
import type { SecurityEvent } from "../event/event.ts";
import type { AgentCounts, EventBytes, Verdict } from "./protocol.ts";

/** A model in another place. Coefficients, base and aggregate are SHA-256 digests, hex. Synchronous: a held task waits. */
export interface ModelAgent {
  /** Points that there is room for. */
  readonly capacity: number;
  /** Names it in messages: `the agent in the process 4711`. */
  readonly name: string;
  /** Valid points, not seen yet. @throws AgentError */
  load(coefficients: readonly string[]): void;
  /** False: ignored, because the model is sealed or has this aggregate. @throws AgentError */
  setAggregate(hex: string): boolean;
  /** False: ignored, because the model is sealed. @throws AgentError */
  setBase(hex: string): boolean;
  /** @throws AgentError */
  seal(): void;
  /** An observed coefficient, and the event that has it where it is known: some agents map it themselves. @throws AgentError */
  update(coefficient: string, event?: SecurityEvent): Verdict;
  /**
   * An event that the agent maps by itself; undefined when this one is too long for it: its coefficient can be given instead.
   * @throws AgentError
   */
  event(event: EventBytes): { readonly verdict: Verdict; readonly coefficient: string } | undefined;
  /** hex. @throws AgentError also when a point has found no room: there is no state then */
  state(): string;
  /** As `state`. */
  measurement(): string;
  /** @throws AgentError */
  counts(): AgentCounts;
  /** An empty, unsealed model again. @throws AgentError */
  reset(): void;
  close(): void;
}
