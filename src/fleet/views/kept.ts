// SPDX-License-Identifier: Apache-2.0
// An answer of the database that is good for a while, so that many who ask are one question.

export class Kept<T> {
  readonly #ask: (now: number) => Promise<T>;
  readonly #goodMs: number;
  #last: Promise<T> | undefined;
  #until = 0;

  constructor(goodMs: number, ask: (now: number) => Promise<T>) {
    this.#ask = ask;
    this.#goodMs = goodMs;
  }

  /** @param now ms; what failed is asked again by the next one */
  at(now: number): Promise<T> {
    if (this.#last !== undefined && now < this.#until) return this.#last;
    this.#until = now + this.#goodMs;
    const asked = this.#ask(now);
    this.#last = asked;
    asked.catch(() => {
      if (this.#last === asked) this.#last = undefined;
    });
    return asked;
  }
}
