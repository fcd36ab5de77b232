// SPDX-License-Identifier: Apache-2.0
// What a report says of a model: its terms, its rules with what they rest on, how complete it is.
import { quote } from "../../base/quote.ts";
import { describeRule, lintModel, modelDigest, readiness, isAsked } from "../../model/index.ts";
import type { RuleSpec, WorkloadModel } from "../../model/index.ts";
import type { ReportFidelity, ReportModel, ReportRule } from "../../model/report/data.ts";
import { nodeHasher } from "../../tma/index.ts";

/** @param file where it was read from, when that was no run's folder */
export function modelFacts(model: WorkloadModel, file: string | undefined): ReportModel {
  const { spec, metadata } = model;
  const { verdict, reasons, remarks } = readiness(lintModel(model));
  return {
    name: quote(metadata.name),
    ...(file === undefined ? {} : { file: quote(file) }),
    sealed: spec.sealed,
    mapping: spec.mapping,
    digest: spec.digest,
    profile: quote(spec.profile.name),
    state: spec.state,
    modelDigest: modelDigest(model, nodeHasher(spec.digest)),
    behaviours: spec.points.length,
    fidelity: fidelityFacts(spec.fidelity),
    rules: spec.profile.rules.map(ruleFacts),
    completeness: quoted(spec.completeness),
    ready: verdict === "ready",
    findings: [...reasons, ...remarks],
    history: historyOf(spec),
  };
}

function historyOf({ amended, promoted }: WorkloadModel["spec"]): string[] {
  const found: string[] = [];
  if (amended !== undefined)
    found.push(`${amended.points} behaviours were added by hand, from violations`);
  if (promoted !== undefined) {
    const { runs, events, sensor } = promoted;
    found.push(
      `promoted after ${runs} clean shadow runs with ${events} events under the sensor ${sensor}`,
    );
  }
  return found;
}

export function fidelityFacts(fidelity: ReportFidelity): ReportFidelity {
  const { sensor, sees, holds, absent, features } = fidelity;
  const words = (list: readonly string[]): string[] => list.map((word) => quote(word));
  return { sensor, sees, holds, absent: words(absent), features: words(features) };
}

function ruleFacts(rule: RuleSpec): ReportRule {
  const words = describeRule(rule);
  if (isAsked(rule)) return { rule: rule.rule, words, origin: "asked" };
  if (!("evidence" in rule) || rule.evidence === undefined) {
    // those of a workload name something of it; models of older builds do not say what they rest on
    const own = Object.keys(rule).length > 1;
    return { rule: rule.rule, words, origin: own ? "found" : "built-in" };
  }
  const { runs, distinct, values } = rule.evidence;
  const evidence = { runs, distinct, values: values.map((value) => quote(value)) };
  return { rule: rule.rule, words, origin: "found", evidence };
}

/** Names of tests and of requirements are the workload's and the user's. */
function quoted<T>(value: T): T {
  if (typeof value === "string") return quote(value) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => quoted(item)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, quoted<unknown>(inner)]),
  ) as T;
}
