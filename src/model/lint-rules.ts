// SPDX-License-Identifier: Apache-2.0
// Findings about the rules of a model: those that somebody asked for, and those that rest on little.
import type { LintFinding } from "./lint.ts";
import { describeRule } from "./rule-words.ts";
import { lackingRules, type ProfileSpec, type RuleSpec } from "./rules.ts";

/** Rules that are named one by one; of more only the number is said. */
const MAX_NAMED = 10;
/** Different values that make a pattern: one value is none. */
const MIN_DISTINCT = 2;

export function ruleFindings(profile: ProfileSpec): readonly LintFinding[] {
  const { rules } = profile;
  const asked = rules.filter((rule) => "asked" in rule && rule.asked === true);
  const thin = rules.filter(restsOnLittle);
  return [
    ...lackingRules(profile).map((rule): LintFinding => {
      const words = describeRule(rule);
      const message = `the model was made before there was the rule ${rule.rule} (${words}), and is stricter without it: learn again to have it`;
      return { level: "warning", code: "OLD_RULES", message };
    }),
    ...named(asked, "ASKED_RULE", "was asked for and not found by learning"),
    ...named(thin, "THIN_EVIDENCE", "rests on one run or one value: learn with more runs"),
  ];
}

/** That the workload writes a file is shown by one run. */
function restsOnLittle(rule: RuleSpec): boolean {
  if (rule.rule === "no-digest") return false;
  if (!("evidence" in rule) || rule.evidence === undefined) return false;
  return rule.evidence.distinct < MIN_DISTINCT || rule.evidence.runs.length < 2;
}

function named(
  rules: readonly RuleSpec[],
  code: "ASKED_RULE" | "THIN_EVIDENCE",
  why: string,
): readonly LintFinding[] {
  const found = rules.slice(0, MAX_NAMED).map((rule): LintFinding => {
    return { level: "warning", code, message: `a rule ${why}: ${describeRule(rule)}` };
  });
  const more = rules.length - MAX_NAMED;
  return more <= 0
    ? found
    : [...found, { level: "warning", code, message: `${more} more rules: each ${why}` }];
}
