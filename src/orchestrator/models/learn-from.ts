// SPDX-License-Identifier: Apache-2.0
// From runs that have ended to a model: which of them can be learned from, and what is learned.
import { quote } from "../../base/quote.ts";
import { ModelError, modelFromRuns } from "../../model/index.ts";
import type { LearnedModel, LearningRun } from "../../model/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import { RunError } from "../errors.ts";
import { lossText } from "../namespace/losses.ts";
import type { RunRequest, RunResult } from "../run-request.ts";

/** What a model of recorded runs has besides them. */
export interface LearnTerms {
  /** Behaviours that the workload must have; none: nothing is asked. */
  readonly required?: readonly string[];
  /** Learn sequences, too, with thresholds for so many false alarms a day. */
  readonly alarmsPerDay?: number;
  readonly run: Pick<RunRequest, "rules">;
}

/** A workload that was killed did not do all that it does. */
export function refuseCutShort({ cutShort, outcome }: RunResult): void {
  if (!cutShort) return;
  throw new RunError(
    "CUT_SHORT",
    `no model was written: the workload was killed (${outcome.killed ?? "by Galgo"})`,
  );
}

/** @param hint what to do about it, where something can be done */
export function refuseLoss({ outcome }: RunResult, hint = ""): void {
  const { lost } = outcome.counts;
  if (lost === 0) return;
  const what = lossText(outcome.losses);
  throw new RunError(
    "LOST_EVENTS",
    `no model was written: what could not be seen or described would be missing in it: ${what}${hint}`,
    { facts: { lost } },
  );
}

/** @throws RunError TMA_FAILED, BAD_OPTION */
export function learnFrom(
  { run, required = [], alarmsPerDay }: LearnTerms,
  runs: readonly RunResult[],
  recorded: readonly LearningRun[],
): LearnedModel {
  const last = runs.at(-1);
  if (last === undefined)
    throw new RunError("BAD_OPTION", "nothing was run: --runs has to be at least 1");
  const { mapping, digest, profile } = run.rules;
  try {
    return modelFromRuns(recorded, {
      name: last.directory.name,
      profile,
      mapping,
      hasher: nodeHasher(digest),
      ...(last.aggregate === undefined ? {} : { aggregate: last.aggregate }),
      sealed: true,
      fidelity: last.fidelity,
      required,
      ...(alarmsPerDay === undefined ? {} : { alarmsPerDay }),
    });
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new RunError(
      "TMA_FAILED",
      `no model can be made of the records in ${quote(last.directory.path)}: ${error.message}`,
      {
        cause: error,
      },
    );
  }
}
