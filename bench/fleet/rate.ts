// SPDX-License-Identifier: Apache-2.0
// Something that is done so many times a second, evenly, for as long as it is wanted.

const LOOK_MS = 10;

export class Rate {
  #timer: NodeJS.Timeout | undefined;

  /** @param perSecond 0: not any more */
  set(perSecond: number, act: () => void): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (perSecond <= 0) return;
    const began = performance.now();
    let done = 0;
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - began) / 1_000) * perSecond);
      for (; done < due; done++) act();
    }, LOOK_MS);
  }
}
