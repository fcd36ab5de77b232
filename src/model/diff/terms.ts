// SPDX-License-Identifier: Apache-2.0
// Compares two models: the same behaviours under the same terms, or what differs.
import { quote } from "../../base/quote.ts";
import { describeRule } from "../rules/rule-words.ts";
import { isOwnRule, type ProfileSpec } from "../rules/rules.ts";
import type { ModelFidelity, WorkloadModel } from "../file/workload-model.ts";

/** A term of the two models that differs, in words. */
export interface ModelDifference {
  readonly what:
    | "mapping"
    | "digest"
    | "profile"
    | "aggregate"
    | "base"
    | "pseudonyms"
    | "fidelity";
  readonly a: string;
  readonly b: string;
}

export interface ModelDiff {
  /** No difference in terms and the same points. Name, completeness and sealing do not count. */
  readonly same: boolean;
  readonly differences: readonly ModelDifference[];
  /** Coefficients (hex, ascending) of one model only. They compare only when mapping, digest and profile are the same. */
  readonly onlyInA: readonly string[];
  readonly onlyInB: readonly string[];
  readonly common: number;
}

/** Compares `a` with `b`. */
export function diffModels(a: WorkloadModel, b: WorkloadModel): ModelDiff {
  const theirs = termsOf(b);
  const differences = termsOf(a).flatMap(([what, inA], i): ModelDifference[] => {
    const inB = theirs[i]?.[1] ?? "";
    return inA === inB ? [] : [{ what, a: inA, b: inB }];
  });
  const inA = new Set(a.spec.points);
  const inB = new Set(b.spec.points);
  const onlyInA = a.spec.points.filter((point) => !inB.has(point));
  const onlyInB = b.spec.points.filter((point) => !inA.has(point));
  return {
    same: differences.length === 0 && onlyInA.length === 0 && onlyInB.length === 0,
    differences,
    onlyInA,
    onlyInB,
    common: a.spec.points.length - onlyInA.length,
  };
}

/** The differences in terms, a line each. */
export function describeDifferences(diff: ModelDiff): readonly string[] {
  return diff.differences.map(({ what, a, b }) => `${what}: ${a} | ${b}`);
}

function termsOf({ spec }: WorkloadModel): readonly (readonly [ModelDifference["what"], string])[] {
  return [
    ["mapping", spec.mapping],
    ["digest", spec.digest],
    ["profile", profileTerm(spec.profile)],
    ["aggregate", spec.aggregate],
    ["base", spec.base ?? "zeros"],
    ["pseudonyms", spec.pseudonyms.join(" ") || "none"],
    ["fidelity", fidelityTerm(spec.fidelity)],
  ];
}

function profileTerm({ name, rules }: ProfileSpec): string {
  const listed = rules.map((rule) => (isOwnRule(rule) ? describeRule(rule) : rule.rule));
  return `${quote(name)} (${listed.join(", ") || "no rules"})`;
}

function fidelityTerm(fidelity: ModelFidelity): string {
  const list = (name: string, items: readonly string[]): string =>
    `${name} ${
      [...items]
        .sort()
        .map((item) => quote(item))
        .join(" ") || "nothing"
    }`;
  return [
    fidelity.sensor,
    list("sees", fidelity.sees),
    list("holds", fidelity.holds),
    list("absent", fidelity.absent),
    list("features", fidelity.features),
  ].join("; ");
}
