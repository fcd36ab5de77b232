// SPDX-License-Identifier: Apache-2.0
// The record of a run beside its evidence: whether they agree, and what of the behaviour is not that of the reference.
import { quote } from "../../base/quote.ts";
import type { Evidence } from "../evidence/index.ts";
import type { Findings } from "./findings.ts";
import { MAX_NAMED_BEHAVIOURS } from "./limits.ts";
import type { ReferenceFinding } from "./reference.ts";
import type { Behaviour, Difference, RunRecord } from "./types.ts";

/** Whether the record is of this run, and tells of nothing that the evidence hides. */
export function checkRecord(
  { workload, counts }: Evidence,
  record: RunRecord | undefined,
  found: Findings,
): void {
  if (record === undefined) return;
  const { source, id, lost, violations } = record;
  if (id !== undefined && id !== workload.id) {
    const why = `the record ${source} is of the run ${quote(id)}, the evidence of ${quote(workload.id)}`;
    found.refuse("WRONG_RECORD", why);
    return;
  }
  if (lost !== undefined && lost > counts.lost) {
    const why = `the record ${source} has ${lost} lost events, the evidence ${counts.lost}: hidden, or lost since`;
    found.refuse("HIDDEN_LOSS", why);
  }
  if (violations !== undefined && violations > counts.violations) {
    const why = `the record ${source} has ${violations} violations, the evidence ${counts.violations}: hidden, or since`;
    found.refuse("HIDDEN_VIOLATIONS", why);
  }
}

/** What differs from the model; undefined: nothing, or nothing is known of either. */
export function differenceOf(
  coefficients: readonly string[] | undefined,
  { model }: ReferenceFinding,
  record: RunRecord | undefined,
): Difference | undefined {
  if (coefficients === undefined || model === undefined) return undefined;
  const good = new Set(model.model.spec.points);
  const here = new Set(coefficients);
  const added = coefficients.filter((each) => !good.has(each));
  const missing = model.model.spec.points.filter((each) => !here.has(each));
  if (added.length === 0 && missing.length === 0) return undefined;
  return {
    reference: model.source,
    added: named(added, record),
    missing: named(missing, record),
    counts: { added: added.length, missing: missing.length },
  };
}

function named(coefficients: readonly string[], record: RunRecord | undefined): Behaviour[] {
  return coefficients.slice(0, MAX_NAMED_BEHAVIOURS).map((coefficient) => {
    const words = record?.words.get(coefficient);
    return words === undefined ? { coefficient } : { coefficient, words };
  });
}
