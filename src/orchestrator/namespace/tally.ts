// SPDX-License-Identifier: Apache-2.0
// What a namespace counts, told at once to whoever watches it (pulse), and to the ledger of a run that is to survive its agent; and
// all of it together, between two events, to whoever has to say of it what was true at one instant.
import type { HookName } from "../../event/index.ts";
import type { KeptNamespace, NamespaceCounts } from "./ledger.ts";
import { Losses } from "./losses.ts";
import type { NamespaceParts, NamespaceSummary } from "./namespace-types.ts";
import { tenths } from "./saturation.ts";

type TallyParts = Pick<NamespaceParts, "pulse" | "ledger" | "programs" | "instant">;

/** Counters of one namespace. */
export class Tally {
  readonly #parts: TallyParts;
  readonly #losses = new Losses();
  /** Number of the event at which each new behaviour of a free run was found. */
  readonly #growth: number[] = [];
  #events = 0;
  #violations = 0;
  #refused = 0;
  /** Of the events, those that somebody else has recognised. */
  #repeated = 0;

  constructor(parts: TallyParts) {
    this.#parts = parts;
  }

  get counts(): NamespaceCounts {
    return { events: this.#events, violations: this.#violations, refused: this.#refused };
  }

  /** @param hook undefined: it is not known of which */
  event(hook?: HookName): void {
    this.#events += 1;
    this.#parts.pulse.event(hook);
  }

  /** Events that somebody else has recognised. */
  repeated(count: number): void {
    this.#events += count;
    this.#repeated += count;
  }

  /** @returns its number, from 1 */
  violation(): number {
    this.#violations += 1;
    this.#parts.pulse.violation();
    return this.#violations;
  }

  refused(): void {
    this.#refused += 1;
    this.#parts.pulse.refused();
  }

  lost(reason: string, detail: string): void {
    this.#losses.add(reason, detail);
    this.#parts.ledger?.lost(reason, detail);
    this.#parts.pulse.lost();
  }

  /** The event in hand has extended the model. */
  grown(): void {
    this.#parts.pulse.extended();
    const number = this.#events + (this.#parts.programs?.hits() ?? 0);
    this.#growth.push(number);
    this.#parts.ledger?.grown(number);
  }

  /** The model is closed from now on. */
  sealed(): void {
    const { ledger, pulse, instant } = this.#parts;
    ledger?.sealed();
    pulse.sealed();
    if (instant !== undefined) instant.sealed = true;
  }

  /** To be called before an answer is given, and after whatever else has changed a count. */
  publish(): void {
    const { instant } = this.#parts;
    if (instant === undefined) return;
    // who recognises events by himself says how many, also before the end
    instant.events = this.#events - this.#repeated;
    instant.violations = this.#violations;
    instant.refused = this.#refused;
    instant.lost = this.#losses.count;
    instant.publish();
  }

  /** Goes on where an agent that was killed had come to. */
  resume({ events, violations, refused, growth, losses, sealed }: KeptNamespace): void {
    const { instant } = this.#parts;
    if (sealed && instant !== undefined) instant.sealed = true;
    this.#events = events;
    this.#violations = violations;
    this.#refused = refused;
    for (const event of growth) this.#growth.push(event);
    this.#losses.restore(losses);
  }

  summary(): Omit<NamespaceSummary, "latency" | "killed"> {
    return {
      ...this.counts,
      lost: this.#losses.count,
      losses: this.#losses.list(),
      saturation: tenths(this.#growth, this.#events),
    };
  }
}
