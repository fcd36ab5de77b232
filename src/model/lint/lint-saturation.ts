// SPDX-License-Identifier: Apache-2.0
// Findings about how much the workload has not shown yet: by what runs and events showed only once.
import {
  chanceOfNew,
  expectedInNextRun,
  neverSeen,
} from "../completeness/completeness-estimates.ts";
import type { UnseenCounts } from "../completeness/completeness-types.ts";
import type { LintFinding } from "./lint.ts";
import type { Completeness } from "../file/workload-model.ts";

const PARTS = 10;
/** Of all behaviours, in the last part of a model that does not tell more. */
const FLAT_SHARE = 0.05;
const THOUSAND = 1000;
/**
 * New behaviours that one more run may be expected to show in a model that is ready: one, because each is a false refusal, or one in a hundred of a
 * large model, because those that are left are rare paths that tests seldom reach.
 */
const MAX_EXPECTED = 1;
const MAX_EXPECTED_SHARE = 0.01;
/** From here on a person should know: a new behaviour in every fifth run. */
const NOTED_EXPECTED = 0.2;
/** Of all behaviours that may never have been seen (Chao2) without a word: what is within the error of the estimate. */
const NOTED_UNSEEN_SHARE = 0.05;

/** At most one finding for each way to look at it. */
export function saturationFindings(completeness: Completeness): readonly LintFinding[] {
  const { unseen, runs } = completeness;
  const late = lateText(completeness);
  if (unseen === undefined || runs < 2)
    return late === undefined
      ? []
      : [
          {
            level: "warning",
            code: "NOT_SATURATED",
            message: `${late}: more runs would find more`,
          },
        ];
  return [
    ...growing(completeness, unseen),
    ...likely(completeness, unseen),
    ...notForetold(completeness),
  ];
}

/**
 * A note and no more: the model that was tried had one run less than this one, and with few runs that is much. A run that it would have
 * refused is a reason for more runs all the same.
 */
function notForetold({ perRun = [] }: Completeness): LintFinding[] {
  const surprised = perRun.filter(({ surprises = 0 }) => surprises > 0);
  if (surprised.length === 0) return [];
  const refused = surprised.reduce((sum, { surprises = 0 }) => sum + surprises, 0);
  return [
    {
      level: "warning",
      code: "NOT_FORETOLD",
      message: `learned from all runs but one, the model would have refused ${refused} behaviours in ${surprised.length} of ${perRun.length} runs: more runs would show whether it still would`,
    },
  ];
}

function growing({ behaviours, runs }: Completeness, unseen: UnseenCounts): LintFinding[] {
  const expected = (expectedInNextRun(unseen, runs) ?? 0) / THOUSAND;
  if (expected < NOTED_EXPECTED) return [];
  const tooMuch = expected > Math.max(MAX_EXPECTED, behaviours * MAX_EXPECTED_SHARE);
  const percent = (chanceOfNew(unseen) / 10_000).toFixed(2);
  return [
    {
      level: tooMuch ? "error" : "warning",
      code: "NOT_SATURATED",
      message:
        `${unseen.inOneRun} of ${behaviours} behaviours were seen in one of ${runs} runs only: one more run is expected to show ` +
        `${expected.toFixed(1)} new ones (chance that an event is new: ${percent}%); more runs would find more`,
    },
  ];
}

function likely({ behaviours, runs }: Completeness, unseen: UnseenCounts): LintFinding[] {
  const missing = Math.round((neverSeen(unseen, runs) ?? 0) / THOUSAND);
  if (missing <= Math.max(1, behaviours * NOTED_UNSEEN_SHARE)) return [];
  return [
    {
      level: "warning",
      code: "UNSEEN_LIKELY",
      message: `about ${missing} behaviours or more were never seen (Chao2, from ${unseen.inOneRun} in one run and ${unseen.inTwoRuns} in two)`,
    },
  ];
}

/** In words, when learning had not come to rest: the last run of several, or the last tenth of the only one. */
function lateText({ saturation, behaviours, runs }: Completeness): string | undefined {
  if (behaviours === 0 || saturation.length < PARTS) return undefined;
  const lastRun = saturation.slice(-PARTS);
  const single = runs < 2 || saturation.length < 2 * PARTS;
  const recent = single ? (lastRun.at(-1) ?? 0) : lastRun.reduce((total, n) => total + n, 0);
  if (recent <= behaviours * FLAT_SHARE) return undefined;
  const percent = Math.round((recent / behaviours) * 100);
  const when = single ? "the last tenth of the run" : "the last run";
  return `${when} still brought ${recent} new behaviours, ${percent}% of all`;
}
