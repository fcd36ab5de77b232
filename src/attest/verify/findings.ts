// SPDX-License-Identifier: Apache-2.0
// What an appraisal finds, collected: every check says something, and nothing that was found is forgotten.
import { MAX_REFUSALS } from "./limits.ts";
import { type Area, type OwnReason, type Reason, type Refusal, refusal } from "./reasons.ts";

export class Findings {
  readonly #refusals: Refusal[] = [];
  readonly #checked: string[] = [];
  readonly #gaps: string[] = [];
  readonly #areas = new Set<Area>();

  get refusals(): readonly Refusal[] {
    return this.#refusals;
  }

  get checked(): readonly string[] {
    return this.#checked;
  }

  get gaps(): readonly string[] {
    return this.#gaps;
  }

  get areas(): readonly Area[] {
    return [...this.#areas];
  }

  refuse(reason: OwnReason, why: string): void {
    this.#add(refusal(reason, why));
  }

  /** A reason of one of the parts. */
  refuseAs(reason: Reason, area: Area, why: string): void {
    this.#add({ reason, area, why });
  }

  /** Something was looked at and is as it should be. */
  good(area: Area, sentence: string): void {
    this.#areas.add(area);
    this.#checked.push(sentence);
  }

  gap(sentence: string): void {
    this.#gaps.push(sentence);
  }

  /** Beyond the limit there are reasons enough. */
  #add(found: Refusal): void {
    this.#areas.add(found.area);
    if (this.#refusals.length < MAX_REFUSALS) this.#refusals.push(found);
  }
}
