// SPDX-License-Identifier: Apache-2.0
// Chance that is the same in each run: a small generator with a seed, and shares of things that are not equally common.

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number in [0, below). */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  /** One of them, each as likely. @throws RangeError when there is none */
  pick<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new RangeError("nothing to pick from");
    return value;
  }

  /** Lower-case hex digits. */
  hex(digits: number): string {
    let text = "";
    while (text.length < digits)
      text += Math.floor(this.next() * 2 ** 32)
        .toString(16)
        .padStart(8, "0");
    return text.slice(0, digits);
  }
}

/** Draws ranks 0 ... count-1, rank r with weight 1 / (r + 1)^exponent (Zipf): few images run nearly everywhere, many in few places. */
export class Zipf {
  readonly #sums: readonly number[];

  constructor(count: number, exponent = 1) {
    const sums: number[] = [];
    let sum = 0;
    for (let rank = 1; rank <= count; rank++) {
      sum += rank ** -exponent;
      sums.push(sum);
    }
    this.#sums = sums;
  }

  draw(random: Random): number {
    const at = random.next() * (this.#sums.at(-1) ?? 0);
    const found = this.#sums.findIndex((sum) => at < sum);
    return found < 0 ? this.#sums.length - 1 : found;
  }
}
