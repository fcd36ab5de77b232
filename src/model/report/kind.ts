// SPDX-License-Identifier: Apache-2.0
// Behaviours by kind, as a report groups them: the kinds of a comparison, with one more for what every program does to start.
import type { SecurityEvent } from "../../event/event.ts";
import { activityOf } from "../completeness/activity.ts";
import { BEHAVIOUR_KINDS, type BehaviourKind, KIND_WORDS, kindOf } from "../diff/kinds.ts";

const STARTUP = "loads what it starts with";

/** Headings, in the order in which they are shown. A report refers to them by number. */
export const REPORT_KINDS: readonly string[] = [
  ...BEHAVIOUR_KINDS.map((kind) => KIND_WORDS[kind]),
  STARTUP,
];

/** What is only a part of starting, whatever a program does then. */
const QUIET: ReadonlySet<BehaviourKind> = new Set<BehaviourKind>(["reads", "other"]);

/** Number of a behaviour's kind. */
export function reportKind(event: SecurityEvent): number {
  const kind = kindOf(event);
  if (QUIET.has(kind) && activityOf(event) === "startup") return BEHAVIOUR_KINDS.length;
  return BEHAVIOUR_KINDS.indexOf(kind);
}
