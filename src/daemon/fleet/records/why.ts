// SPDX-License-Identifier: Apache-2.0
// Why a violation is one, in a sentence: what of it is not as in the nearest behaviour that is allowed. Only where finding out takes little.
import { statSync } from "node:fs";
import { quote } from "../../../base/quote.ts";
import { describeEvent } from "../../../event/index.ts";
import type { WorkloadModel } from "../../../model/index.ts";
import {
  type ActorFinding,
  explainViolation,
  type Explanation,
  plainDifference,
  recordsFileOf,
} from "../../../orchestrator/inspect/index.ts";
import { MAX_EXPLAINED_BYTES, WHY_BURST_MS, WHY_SHARE } from "../limits.ts";

export interface WhySource {
  /** File of the run. */
  readonly forensics: string;
  readonly model: WorkloadModel;
  readonly modelFile: string;
}

/** Time that explanations may take: a share of all time, and what was not used for a while at once. */
export class WhyBudget {
  readonly #now: () => number;
  #leftMs: number;
  #at: number;

  /** @param now ms */
  constructor(now: () => number) {
    this.#now = now;
    this.#at = now();
    this.#leftMs = WHY_BURST_MS;
  }

  get isSpent(): boolean {
    const now = this.#now();
    this.#leftMs = Math.min(WHY_BURST_MS, this.#leftMs + (now - this.#at) * WHY_SHARE);
    this.#at = now;
    return this.#leftMs <= 0;
  }

  /** Does `work`, which takes its time. */
  spend<T>(work: () => T): T {
    const before = this.#now();
    try {
      return work();
    } finally {
      this.#leftMs -= this.#now() - before;
    }
  }
}

/** @returns of a run: its violations by their numbers, in words */
export function explainer(
  source: WhySource,
  budget: WhyBudget,
): (number: number) => string | undefined {
  return (number) => {
    if (budget.isSpent || !isSmall(source)) return undefined;
    try {
      return budget.spend(() => words(explainViolation({ ...source, number })));
    } catch {
      // galgo why on the host says what is wrong with its files
      return undefined;
    }
  };
}

function isSmall({ forensics, modelFile }: WhySource): boolean {
  return [forensics, recordsFileOf(modelFile)].every((path) => {
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    return size <= MAX_EXPLAINED_BYTES;
  });
}

function words({ actor, chain, nearest, advice, actors }: Explanation): string | undefined {
  const who = actorWords(actor, chain.at(-1)?.program);
  if (who !== undefined) return who;
  const [near] = nearest;
  const looks = advice[0] === undefined ? "" : `; ${advice[0].words}`;
  if (near === undefined) return advice[0]?.words;
  const event = describeEvent(near.event, (taskId) => actors.programOf(taskId));
  const differs = near.differs.map((difference) => {
    const { field, expected, got } = plainDifference(difference, actors);
    return `${field} ${expected}, here ${got}`;
  });
  return `allowed nearby: ${event} (${differs.join("; ")})${looks}`;
}

function actorWords(actor: ActorFinding, program: string | undefined): string | undefined {
  const name = program === undefined ? "this program" : quote(program);
  if (actor.kind === "unknown")
    return `the model knows no ${name} here: nothing that it does is allowed`;
  if (actor.kind !== "changed") return undefined;
  return `the model knows ${name}, but not this one: ${actor.differs.join(", ")}`;
}
