// SPDX-License-Identifier: Apache-2.0
// A model that is kept twice: here, for what is shown and counted, and by an agent elsewhere, whose verdicts count. The two have to agree;
// where they do not, or where the agent says nothing, there is no verdict, and none from then on.
import type { SecurityEvent } from "../event/event.ts";
import type { Model, ModelCounts, SecurityPoint } from "../model/runtime/index.ts";
import { AgentError } from "./agent-errors.ts";
import type { ModelAgent } from "./model-agent.ts";

/** `new`: a coefficient that the agent has called inside is known from then on, as the kernel's programs know it; `all`: each time. */
export type AskAbout = "new" | "all";

/** A model that can be told which event has a coefficient. */
export interface AskedModel extends Model {
  /** `ruling`: somebody who is above the run's own mode has refused it. */
  update(
    coefficient: string,
    event?: SecurityEvent,
  ): ReturnType<Model["update"]> & { readonly ruling?: "deny" | "kill" };
}

/**
 * `local` and the agent's model are empty.
 * The model's methods throw AgentError, and go on throwing it, when the agent fails or disagrees; FULL is of that coefficient alone.
 */
export function createLinkedModel(local: Model, agent: ModelAgent, ask: AskAbout): AskedModel {
  return new LinkedModel(local, agent, ask);
}

class LinkedModel implements AskedModel {
  readonly #local: Model;
  readonly #agent: ModelAgent;
  readonly #ask: AskAbout;
  /** Loaded here and not yet there. */
  #unsent: string[] = [];
  #broken: AgentError | undefined;
  /** It gave no verdict for want of room, so what it has is not all. */
  #overflowed = false;

  constructor(local: Model, agent: ModelAgent, ask: AskAbout) {
    this.#local = local;
    this.#agent = agent;
    this.#ask = ask;
  }

  get aggregate(): string | undefined {
    return this.#local.aggregate;
  }

  get base(): string {
    return this.#local.base;
  }

  get sealed(): boolean {
    return this.#local.sealed;
  }

  get counts(): ModelCounts {
    return this.#local.counts;
  }

  get pseudonyms(): ReadonlySet<string> {
    return this.#local.pseudonyms;
  }

  setAggregate(hex: string): boolean {
    const taken = this.#local.setAggregate(hex);
    // the agent has taken zeros where nobody has told it otherwise, so only what is told here is told there
    if (taken) this.#there((agent) => agent.setAggregate(hex));
    return taken;
  }

  setBase(hex: string): void {
    this.#local.setBase(hex);
    this.#agree(
      "the base",
      this.#there((agent) => agent.setBase(hex)),
      true,
    );
  }

  load(coefficient: string): void {
    this.#local.load(coefficient);
    this.#unsent.push(coefficient);
  }

  addPseudonym(hex: string): void {
    this.#local.addPseudonym(hex);
  }

  update(coefficient: string, event?: SecurityEvent): ReturnType<AskedModel["update"]> {
    if (this.#ask === "new" && this.#broken === undefined && this.#local.has(coefficient)) {
      return this.#local.update(coefficient);
    }
    const verdict = this.#there((agent) => agent.update(coefficient, event));
    if ("none" in verdict) {
      const why =
        verdict.none === "full"
          ? `has no room for another behaviour (${this.#agent.capacity}); take one with more, or --tma in-process`
          : "did not understand a coefficient";
      this.#overflowed = true;
      throw new AgentError(
        verdict.none === "full" ? "FULL" : "REFUSED",
        `${this.#agent.name} ${why}`,
      );
    }
    const ours = this.#local.update(coefficient);
    this.#agree("a verdict", verdict.valid, ours.valid);
    return ours;
  }

  has(coefficient: string): boolean {
    return this.#local.has(coefficient);
  }

  repeated(coefficient: string, count: number): void {
    this.#local.repeated(coefficient, count);
  }

  seal(): void {
    this.#local.seal();
    this.#there((agent) => agent.seal());
  }

  points(): readonly SecurityPoint[] {
    return this.#local.points();
  }

  state(): string {
    return this.#confirmed("the state", this.#local.state(), (agent) => agent.state());
  }

  measurement(): string {
    const ours = this.#local.measurement();
    return this.#confirmed("the measurement", ours, (agent) => agent.measurement());
  }

  /** A value of ours, if the agent has the same. One that has broken, or had no room, was told of when it did. */
  #confirmed(what: string, ours: string, theirs: (agent: ModelAgent) => string): string {
    if (this.#broken !== undefined || this.#overflowed) return ours;
    this.#agree(what, this.#there(theirs), ours);
    return ours;
  }

  #there<T>(call: (agent: ModelAgent) => T): T {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      if (this.#unsent.length > 0) {
        this.#agent.load(this.#unsent);
        this.#unsent = [];
      }
      return call(this.#agent);
    } catch (error) {
      throw this.#breaks(error);
    }
  }

  #agree<T>(what: string, theirs: T, ours: T): void {
    if (theirs === ours) return;
    throw this.#breaks(
      new AgentError("DISAGREES", `${this.#agent.name} and Galgo do not agree on ${what}`, {
        facts: { theirs, ours },
      }),
    );
  }

  #breaks(error: unknown): unknown {
    if (error instanceof AgentError) this.#broken = error;
    return error;
  }
}
