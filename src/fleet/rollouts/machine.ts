// SPDX-License-Identifier: Apache-2.0
// What is to be done next with a roll-out: a function of what the database holds, so that each server comes to the same answer.
import { plural } from "../../base/counts.ts";
import { CodedError } from "../../base/errors.ts";
import type { RolloutState } from "../../wire/api/index.ts";

/** CONFLICT: a roll-out in this state does not take this order. */
export class RolloutError extends CodedError<
  "CONFLICT" | "BAD_REQUEST" | "NOT_FOUND" | "NO_HOSTS"
> {}

export interface RolloutTerms {
  /** How long nothing may go wrong after the hosts of a step have answered (ms). */
  readonly watchMs: number;
  /** Until hosts have failed that are connected and do not answer (ms). */
  readonly answerMs: number;
  /** Hosts of one step that may fail. */
  readonly maxFailed: number;
  /** New violations of all steps that are borne. */
  readonly maxViolations: number;
}

/** Where a roll-out is. */
export interface RolloutPlace {
  readonly state: RolloutState;
  /** From 0. */
  readonly step: number;
  /** Number of steps. */
  readonly steps: number;
  /** `answers`: the hosts of the step are asked. `watching`: all have answered. */
  readonly phase: "answers" | "watching";
  /** When the phase began (ms since 1970). */
  readonly since: number;
}

/** What is known of the step, or, when it is rolled back, of all hosts that were reached. */
export interface StepFacts {
  readonly done: number;
  readonly failed: number;
  /** Connected, and have not answered. */
  readonly waiting: number;
  /** New violations on all hosts that were reached, in all steps. */
  readonly violations: number;
}

export type Decision =
  | { readonly next: "nothing" }
  /** All have answered: watch from now on. */
  | { readonly next: "watch" }
  /** Ask the hosts of the next step. */
  | { readonly next: "step" }
  | { readonly next: "finish" }
  /** Something went wrong: back with all hosts that were reached. */
  | { readonly next: "roll back"; readonly reason: string }
  /** It is rolled back; with a reason when not everywhere. */
  | { readonly next: "end"; readonly reason?: string };

const NOTHING: Decision = { next: "nothing" };

/** @param now milliseconds since 1970 */
export function decide(
  place: RolloutPlace,
  terms: RolloutTerms,
  facts: StepFacts,
  now: number,
): Decision {
  switch (place.state) {
    case "running":
      return wentWrong(place, terms, facts, now) ?? forward(place, terms, facts, now);
    case "paused":
      // what was reached goes on to run
      return tooMany(terms, facts) ?? NOTHING;
    case "rolling-back":
      return backward(place, terms, facts, now);
    case "stopped":
    case "rolled-back":
    case "done":
      return NOTHING;
  }
}

function tooMany(
  { maxFailed, maxViolations }: RolloutTerms,
  { failed, violations }: StepFacts,
): Decision | undefined {
  if (violations > maxViolations) {
    return { next: "roll back", reason: plural(violations, "new violation") };
  }
  if (failed > maxFailed) {
    return { next: "roll back", reason: `${plural(failed, "host")} of the step failed` };
  }
  return undefined;
}

function wentWrong(
  place: RolloutPlace,
  terms: RolloutTerms,
  facts: StepFacts,
  now: number,
): Decision | undefined {
  const found = tooMany(terms, facts);
  if (found !== undefined || place.phase !== "answers") return found;
  if (now - place.since < terms.answerMs) return undefined;
  const { done, failed, waiting } = facts;
  const silent = `${plural(waiting, "host")} of the step did not answer in time`;
  if (failed + waiting > terms.maxFailed) return { next: "roll back", reason: silent };
  if (done > 0) return undefined;
  return { next: "roll back", reason: "no host of the step has carried it out" };
}

function forward(
  { phase, step, steps, since }: RolloutPlace,
  { watchMs, answerMs }: RolloutTerms,
  { done, waiting }: StepFacts,
  now: number,
): Decision {
  if (phase === "answers") {
    const answered = waiting === 0 || now - since >= answerMs;
    return answered && done > 0 ? { next: "watch" } : NOTHING;
  }
  if (now - since < watchMs) return NOTHING;
  return step + 1 < steps ? { next: "step" } : { next: "finish" };
}

function backward(
  { since }: RolloutPlace,
  { answerMs }: RolloutTerms,
  { failed, waiting }: StepFacts,
  now: number,
): Decision {
  if (waiting > 0 && now - since < answerMs) return NOTHING;
  const left = failed + waiting;
  if (left === 0) return { next: "end" };
  return { next: "end", reason: `${plural(left, "host")} could not be rolled back` };
}

export type RolloutVerb = "pause" | "resume" | "rollback";

const FROM: Readonly<Record<RolloutVerb, readonly RolloutState[]>> = {
  pause: ["running"],
  resume: ["paused"],
  rollback: ["running", "paused", "stopped", "done"],
};
const TO: Readonly<Record<RolloutVerb, RolloutState>> = {
  pause: "paused",
  resume: "running",
  rollback: "rolling-back",
};

/** The state that an order leads to. @throws RolloutError CONFLICT */
export function ordered(id: string, state: RolloutState, verb: RolloutVerb): RolloutState {
  if (FROM[verb].includes(state)) return TO[verb];
  throw new RolloutError("CONFLICT", `roll-out ${id} is ${state}: there is nothing to ${verb}`);
}
