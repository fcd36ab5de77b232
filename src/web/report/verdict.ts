// SPDX-License-Identifier: Apache-2.0
// What a reader wants to know first, in a few words.
import type { ReportData, ReportModel, ReportOutcome, ReportRun } from "../../model/report/data.ts";
import { plural } from "./format.ts";

export interface Verdict {
  readonly tone: "good" | "bad" | "warn" | "plain";
  readonly words: string;
  readonly detail: string;
}

/** The verdict on a run, or on a model by itself. */
export function verdictOf({ run, model }: ReportData): Verdict {
  if (run !== undefined) return runVerdict(run);
  if (model !== undefined) return modelVerdict(model);
  return { tone: "plain", words: "Empty", detail: "neither a run nor a model" };
}

function modelVerdict({ behaviours, findings, ready }: ReportModel): Verdict {
  const [first] = findings;
  if (!ready && first !== undefined)
    return { tone: "bad", words: "Not ready", detail: first.message };
  const notes = findings.length === 0 ? "" : `; ${plural(findings.length, "note")}`;
  const detail = `allows ${plural(behaviours, "behaviour")} and nothing else${notes}`;
  return { tone: "good", words: "Ready", detail };
}

function runVerdict({ status, error, outcome, mode }: ReportRun): Verdict {
  if (status === "failed")
    return { tone: "bad", words: "Failed", detail: error ?? "it came to no end of its own" };
  if (outcome === undefined) {
    const detail = "it had not ended when this page was made";
    return { tone: "warn", words: "Running", detail };
  }
  if (outcome.violations > 0) return violated(outcome, mode);
  if (outcome.lost > 0) {
    const detail = `${plural(outcome.lost, "event")}: what they were is not known`;
    return { tone: "warn", words: "Lost events", detail };
  }
  if (mode === "free") {
    const detail = "no model was given and nothing was refused; nothing was lost";
    return { tone: "plain", words: "Recorded", detail };
  }
  const detail = "everything was inside of the model; nothing was lost";
  return { tone: "good", words: "Clean", detail };
}

function violated(
  { violations, wouldRefuse, refused, lost }: ReportOutcome,
  mode: ReportRun["mode"],
): Verdict {
  const parts = [
    mode === "enforce" ? "the model was enforced" : "only recorded, nothing was refused",
    ...(wouldRefuse === undefined || wouldRefuse <= violations
      ? []
      : [`met ${plural(wouldRefuse, "time")} in all`]),
    ...(refused === 0 ? [] : [`${plural(refused, "call")} of untrusted processes refused`]),
    ...(lost === 0 ? [] : [`${plural(lost, "event")} lost`]),
  ];
  return { tone: "bad", words: plural(violations, "violation"), detail: parts.join("; ") };
}
