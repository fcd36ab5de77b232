// SPDX-License-Identifier: Apache-2.0
// What one part of the server does for others: given once, by the part that does it.

export class Slot<T> {
  readonly #what: string;
  #value: T | undefined;

  /** @param what it is, for messages */
  constructor(what: string) {
    this.#what = what;
  }

  /** @throws Error: somebody has provided it */
  provide(value: T): void {
    if (this.#value !== undefined) throw new Error(`${this.#what} is provided twice`);
    this.#value = value;
  }

  /** undefined: no part provides it. */
  get maybe(): T | undefined {
    return this.#value;
  }

  /** @throws Error: no part has provided it before it was needed */
  get value(): T {
    if (this.#value === undefined) throw new Error(`${this.#what} is provided by no part`);
    return this.#value;
  }
}
