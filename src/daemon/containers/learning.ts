// SPDX-License-Identifier: Apache-2.0
// What containers of the mode learn did is added to their models: in a thread of its own, one run after the other, because two of them may
// be of one model.
import { atMost, type FurtherFigures, learnFurtherAside } from "../../orchestrator/index.ts";
import type { FreeRules, RunResult } from "../../orchestrator/run-request.ts";
import { LEARNED_WAIT_MS, MAX_LEARNING_RUNS } from "./limits.ts";

export class Learning {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Something is being learned: a model that is read now may be an old one. */
  get isBusy(): boolean {
    return this.#waiting > 0;
  }

  /** @returns what learnFurther gives, in figures; rejects as it throws */
  add(result: RunResult, rules: FreeRules, output: string): Promise<FurtherFigures> {
    this.#waiting += 1;
    const request = { rules, output, maxRuns: MAX_LEARNING_RUNS };
    const learned = this.#last.then(() => learnFurtherAside(result, request));
    const over = (): void => {
      this.#waiting -= 1;
    };
    this.#last = learned.then(over, over);
    return learned;
  }

  /** All that was to be learned by now is, or the time that a container waits for it is over. */
  async learned(): Promise<void> {
    await atMost(LEARNED_WAIT_MS, this.#last);
  }

  /** Nothing is learned any more. */
  async close(): Promise<void> {
    await this.#last;
  }
}
