// SPDX-License-Identifier: Apache-2.0
// galgo eval: how well a sequence model learned from some traces tells attacks from other normal traces.
import { FALSE_POSITIVES, type Detection } from "../../model/sequence/index.ts";
import { type Evaluation, evaluateSequences } from "../../orchestrator/sequences/index.ts";
import { quote } from "../../base/quote.ts";
import { count, outJson, outLine, plural, say } from "../render.ts";

interface EvalOptions {
  readonly train: string;
  readonly normal: string;
  readonly attack: string;
  readonly indicators?: string;
  readonly json?: boolean;
}

/** Files without a trace that are named. */
const MAX_NAMED = 5;
const FIRST_COLUMN = 28;
const COLUMN = 10;

export function evaluate({ json, ...request }: EvalOptions): void {
  const evaluation = evaluateSequences(request);
  const { skipped } = evaluation;
  if (skipped.length > 0) {
    const named = skipped.slice(0, MAX_NAMED).map((file) => quote(file));
    const more = skipped.length > MAX_NAMED ? " and others" : "";
    say(
      `${plural(skipped.length, "file")} without a trace passed over: ${named.join(", ")}${more}`,
    );
  }
  if (json === true) outJson(jsonOf(evaluation));
  else printTable(evaluation);
}

function jsonOf({ all, distinct, alarm, combined, families, ...others }: Evaluation) {
  return {
    ...detectionJson(all),
    distinct: detectionJson(distinct),
    alarm: detectionJson(alarm),
    combined: detectionJson(combined),
    families: families.map(({ family, ...detection }) => ({
      family,
      ...detectionJson(detection),
    })),
    ...others,
  };
}

/** Shares of nothing are null. */
function detectionJson({ auc, normals, attacks, detected, falsePositivesAt90 }: Detection) {
  return {
    auc: numberOrNull(auc),
    normals,
    attacks,
    detectionAt: FALSE_POSITIVES.map((falsePositives, at) => ({
      falsePositives,
      detected: numberOrNull(detected[at] ?? Number.NaN),
    })),
    falsePositivesAt90: numberOrNull(falsePositivesAt90),
  };
}

function numberOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function printTable(evaluation: Evaluation): void {
  const { all, distinct, alarm, combined, families, calibration, training, scoring } = evaluation;
  const { traces, events, names, grams, ms } = training;
  outLine(
    `learned from ${plural(traces, "trace")}: ${plural(events, "event")}, ${count(names)} different, ${count(grams)} n-grams, in ${(ms / 1000).toFixed(2)} s`,
  );
  outLine(
    `scored ${plural(scoring.events, "event")}, ${scoring.nsPerEvent.toFixed(0)} ns an event`,
  );
  outLine("");
  const shares = FALSE_POSITIVES.map((share) => `found@${share * 100}%`);
  row(["", "normal", "attacks", "AUC", ...shares, "false@90%"]);
  detectionRow("all", all);
  detectionRow("without duplicate normals", distinct);
  for (const { family, ...detection } of families)
    detectionRow(`  ${quote(family, FIRST_COLUMN)}`, detection);
  detectionRow("by alarms alone", alarm);
  detectionRow("by verdict and alarms", combined);
  outLine("");
  row(["false positives expected", ...calibration.levels.map(({ expected }) => percent(expected))]);
  row(["false positives", ...calibration.levels.map(({ actual }) => percent(actual))]);
  outLine(`calibration error ${percent(calibration.error)}`);
}

function detectionRow(name: string, detection: Detection): void {
  const { auc, normals, attacks, detected, falsePositivesAt90 } = detection;
  const shares = [...detected, falsePositivesAt90].map(percent);
  row([name, count(normals), count(attacks), Number.isNaN(auc) ? "-" : auc.toFixed(4), ...shares]);
}

function row([first = "", ...others]: readonly string[]): void {
  const cells = others.map((cell) => cell.padStart(COLUMN));
  outLine([first.padEnd(FIRST_COLUMN), ...cells].join("").trimEnd());
}

function percent(share: number): string {
  return Number.isNaN(share) ? "-" : `${(share * 100).toFixed(1)}%`;
}
