// SPDX-License-Identifier: Apache-2.0
// Findings about the rules of a model: wide ones that somebody asked for, and those that rest on little.
import type { LintFinding } from "./lint.ts";
import { describeRule } from "../rules/rule-words.ts";
import { lackingRules, type ProfileSpec, type RuleSpec, isAsked } from "../rules/rules.ts";
import { refuseTooWide } from "../rules/too-wide.ts";

/** Rules that are named one by one; of more only the number is said. */
const MAX_NAMED = 10;
/** Different values that make a pattern: one value is none. */
const MIN_DISTINCT = 2;

export function ruleFindings(profile: ProfileSpec): readonly LintFinding[] {
  const { rules } = profile;
  const wide = rules.filter((rule) => widthOf(rule) !== undefined);
  const thin = rules.filter(restsOnLittle);
  return [
    ...lackingRules(profile).map((rule): LintFinding => {
      const words = describeRule(rule);
      const message = `the model was made before there was the rule ${rule.rule} (${words}), and is stricter without it: learn again to have it`;
      return { level: "warning", code: "OLD_RULES", message };
    }),
    ...named(wide, "WIDE_RULE", (rule) => `a rule that was asked for is wide: ${widthOf(rule)}`),
    ...named(
      thin,
      "THIN_EVIDENCE",
      (rule) => `a rule rests on one run or one value, learn with more: ${describeRule(rule)}`,
    ),
  ];
}

/** Why learning would not have made a rule that somebody asked for. */
function widthOf(rule: RuleSpec): string | undefined {
  if (!isAsked(rule)) return undefined;
  const { asked: _, ...found } = rule;
  return refuseTooWide(found);
}

/** That the workload writes a file is shown by one run. */
function restsOnLittle(rule: RuleSpec): boolean {
  if (rule.rule === "no-digest") return false;
  if (!("evidence" in rule) || rule.evidence === undefined) return false;
  return rule.evidence.distinct < MIN_DISTINCT || rule.evidence.runs.length < 2;
}

function named(
  rules: readonly RuleSpec[],
  code: "WIDE_RULE" | "THIN_EVIDENCE",
  messageOf: (rule: RuleSpec) => string,
): readonly LintFinding[] {
  const found = rules.slice(0, MAX_NAMED).map((rule): LintFinding => {
    return { level: "warning", code, message: messageOf(rule) };
  });
  const more = rules.length - MAX_NAMED;
  return more <= 0
    ? found
    : [...found, { level: "warning", code, message: `and ${more} more rules like these` }];
}
