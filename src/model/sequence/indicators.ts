// SPDX-License-Identifier: Apache-2.0
// Known-bad sequences mixed in: an event that they explain better than normal ones do is more surprising by half of the difference (the half that
// the low order gets, too). What they do not explain better stays as it is.
import { type Language, LanguageWalk } from "./language.ts";

/** Goes along a stream beside the walk through what is normal. */
export class IndicatorWalk {
  readonly #walk: LanguageWalk;

  constructor(language: Language) {
    this.#walk = new LanguageWalk(language);
  }

  /** Units by which the event is more surprising. @param surprise by what is normal */
  more(symbol: number, surprise: number): number {
    this.#walk.step(symbol);
    return symbol < 0 ? 0 : Math.max(0, surprise - this.#walk.surprise) >> 1;
  }
}
