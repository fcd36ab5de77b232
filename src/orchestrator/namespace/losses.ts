// SPDX-License-Identifier: Apache-2.0
// What a run could not see: counted, with a bounded list of reasons and one example each.
import { quote } from "../../base/quote.ts";
import { MAX_LOSS_REASONS } from "../limits.ts";
import type { LossReason } from "../run-record.ts";

const OTHERS = "other reasons";

export class Losses {
  #count = 0;
  readonly #reasons = new Map<string, { count: number; readonly example: string }>();

  get count(): number {
    return this.#count;
  }

  /** Returns true when this reason was not there before. */
  add(reason: string, detail: string): boolean {
    this.#count += 1;
    const known = this.#reasons.get(reason);
    if (known !== undefined) {
      known.count += 1;
      return false;
    }
    if (this.#reasons.size < MAX_LOSS_REASONS) {
      this.#reasons.set(reason, { count: 1, example: detail });
      return true;
    }
    // the list is full: this reason has no line of its own
    const others = this.#reasons.get(OTHERS);
    if (others === undefined)
      this.#reasons.set(OTHERS, { count: 1, example: `${reason}: ${detail}` });
    else others.count += 1;
    return false;
  }

  /** Those of before. */
  restore(losses: readonly LossReason[]): void {
    for (const { reason, count, example } of losses) {
      this.#count += count;
      this.#reasons.set(reason, { count, example });
    }
  }

  list(): LossReason[] {
    return Array.from(this.#reasons, ([reason, { count, example }]) => ({
      reason,
      count,
      example,
    }));
  }
}

/** A list as `Losses` has it, with the count of those that have no line of their own. */
export function lossesOf(named: readonly LossReason[], others: number): LossReason[] {
  if (others === 0) return [...named];
  return [...named, { reason: OTHERS, count: others, example: OTHERS }];
}

/** "3 x unreadable-memory (argument 0 of open); ...": what was lost, in one line. */
export function lossText(losses: readonly LossReason[]): string {
  return losses
    .map(({ reason, count, example }) => `${count} x ${reason} (${quote(example)})`)
    .join("; ");
}
