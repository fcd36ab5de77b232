// SPDX-License-Identifier: Apache-2.0
// An answer of the database that is good for a while, so that many who ask are one question.

export class Kept<T> {
  readonly #ask: (now: number) => Promise<T>;
  readonly #goodMs: number;
  #last: Promise<T> | undefined;
  #isAsking = false;
  #until = 0;

  constructor(goodMs: number, ask: (now: number) => Promise<T>) {
    this.#ask = ask;
    this.#goodMs = goodMs;
  }

  /** However long an answer takes, it is asked for once at a time. @param now ms; what failed is asked again by the next one */
  at(now: number): Promise<T> {
    if (this.#last !== undefined && (this.#isAsking || now < this.#until)) return this.#last;
    this.#until = now + this.#goodMs;
    this.#isAsking = true;
    const asked = this.#ask(now);
    this.#last = asked;
    asked.then(
      () => {
        this.#isAsking = false;
      },
      () => {
        this.#isAsking = false;
        this.#last = undefined;
      },
    );
    return asked;
  }
}
