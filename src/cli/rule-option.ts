// SPDX-License-Identifier: Apache-2.0
// A rule as it is asked for on a command line.
import { type OwnRule, printRule } from "../model/index.ts";

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;
const PRINTABLE = /^[\p{L}\p{N}\p{P}\p{S} ]*$/u;

/** The argument of `--rule` for it, fit for a shell; undefined for a rule that can not be typed. */
export function ruleOption(rule: OwnRule): string | undefined {
  const text = printRule(rule);
  if (text === undefined || !PRINTABLE.test(text)) return undefined;
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
