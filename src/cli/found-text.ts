// SPDX-License-Identifier: Apache-2.0
// What learning found, in words: rules with what they rest on, and what differs between runs without one.
import { quote } from "../base/quote.ts";
import { describeGrounds, describeRule } from "../model/index.ts";
import type { RuleSpec, Varying } from "../model/index.ts";
import { plural, say } from "./render.ts";

/** Of each kind so many are told; the model lists all rules. */
const MAX_TOLD = 40;

/** Says each rule, and each thing that varies. */
export function sayFound(rules: readonly RuleSpec[], varying: readonly Varying[]): void {
  for (const rule of rules.slice(0, MAX_TOLD)) {
    const grounds = "evidence" in rule || "asked" in rule ? describeGrounds(rule) : undefined;
    say(`rule added: ${describeRule(rule)}${grounds === undefined ? "" : ` (${grounds})`}`);
  }
  if (rules.length > MAX_TOLD) say(`and ${plural(rules.length - MAX_TOLD, "other rule")}`);
  for (const { what, why, runs } of varying.slice(0, MAX_TOLD)) {
    const where = runs.length === 0 ? "" : ` in ${plural(runs.length, "run")}`;
    say(`varies${where}, not covered: ${quote(what)}: ${why}`);
  }
  if (varying.length > MAX_TOLD)
    say(`and ${plural(varying.length - MAX_TOLD, "other thing")} that differ between runs`);
}
