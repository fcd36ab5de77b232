// SPDX-License-Identifier: Apache-2.0
// Rules of a profile that the programs know too, so that what is one behaviour for the model has one key.
import { RuleFlag } from "./layout.gen.ts";

/** Names of rules in a profile. */
export type ProgramRule =
  | "created-class"
  | "ephemeral-port"
  | "proc-self"
  | "truncate-size"
  | "digest-policy"
  | "pipe-number";

const RULES: readonly (readonly [ProgramRule, number])[] = [
  ["created-class", RuleFlag.createdClass],
  ["ephemeral-port", RuleFlag.ephemeralPort],
  ["proc-self", RuleFlag.procSelf],
  ["truncate-size", RuleFlag.truncateSize],
  ["digest-policy", RuleFlag.digestPolicy],
  ["pipe-number", RuleFlag.pipeNumber],
];

export function ruleFlags(has: (rule: ProgramRule) => boolean): number {
  return RULES.reduce((flags, [rule, flag]) => (has(rule) ? flags | flag : flags), 0);
}
