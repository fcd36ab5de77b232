// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ReportOutcome, ReportRun } from "../../model/report/data.ts";
import { aLargeReport } from "../../../test/helpers/large-report.ts";
import { verdictOf } from "./verdict.ts";

const OUTCOME: ReportOutcome = {
  ...{ durationMs: 1, exit: "status 0", events: 9, points: 3, violations: 0, refused: 0, lost: 0 },
  ...{ losses: [], state: "", measurement: "" },
  latency: { count: 0, medianUs: 0, p99Us: 0, maxUs: 0, histogram: [] },
};
const RUN: ReportRun = {
  ...{
    runId: "1",
    status: "finished",
    command: [],
    cwd: "/",
    mode: "enforce",
    onViolation: "deny",
  },
  ...{ sensor: "seccomp", mapping: "tsem-v4", digest: "sha256", profile: "portable", started: "" },
};

const verdict = (changes: Partial<ReportRun>, outcome: Partial<ReportOutcome> = {}): string => {
  const run: ReportRun = { ...RUN, outcome: { ...OUTCOME, ...outcome }, ...changes };
  const { tone, words, detail } = verdictOf({ ...aLargeReport(0, 0), run });
  return `${tone}: ${words}: ${detail}`;
};

describe("the verdict on a run", () => {
  it("is clean only when nothing was outside and nothing was lost", () => {
    assert.match(verdict({}), /^good: Clean/);
    assert.match(verdict({}, { lost: 2 }), /^warn: Lost events: 2 events/);
    assert.match(verdict({ mode: "free" }), /^plain: Recorded/);
    assert.match(verdict({ status: "failed", error: "no space" }), /^bad: Failed: no space/);
  });

  it("counts what was outside, and says what was done about it", () => {
    const enforced = verdict({}, { violations: 1, refused: 3, lost: 1 });
    assert.equal(
      enforced,
      "bad: 1 violation: the model was enforced; 3 calls of untrusted processes refused; 1 event lost",
    );
    const watched = verdict({ mode: "detect" }, { violations: 2, wouldRefuse: 9 });
    assert.equal(
      watched,
      "bad: 2 violations: only recorded, nothing was refused; met 9 times in all",
    );
    assert.doesNotMatch(verdict({ mode: "detect" }, { violations: 2, wouldRefuse: 2 }), /in all/);
  });

  it("is open while the run goes on", () => {
    const { outcome: _, ...running } = { ...RUN, outcome: OUTCOME, status: "running" as const };
    assert.equal(verdictOf({ ...aLargeReport(0, 0), run: running }).words, "Running");
  });
});
