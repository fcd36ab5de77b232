// SPDX-License-Identifier: Apache-2.0
// A rule as it is asked for on a command line.
import { shellWord } from "../../base/shell-word.ts";
import { printRule } from "../../model/index.ts";
import type { OwnRule } from "../../model/index.ts";

const PRINTABLE = /^[\p{L}\p{N}\p{P}\p{S} ]*$/u;

/** The argument of `--rule` for it; undefined for a rule that has none, or none that can be typed. */
export function ruleOption(rule: OwnRule): string | undefined {
  const text = printRule(rule);
  if (text === undefined || !PRINTABLE.test(text)) return undefined;
  return shellWord(text);
}
