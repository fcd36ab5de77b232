// SPDX-License-Identifier: Apache-2.0
// What each test of a model contributed, in words: the behaviours that were first seen in it.
import { quote } from "../base/quote.ts";
import { describeEvent } from "../event/index.ts";
import type { ModelRecords } from "../orchestrator/inspect/index.ts";
import { outJson, outLine, outPainter, plural } from "./render.ts";
import { chainText } from "./violation-text.ts";

/** Behaviours in words by the name of the test, in the order of the names; the same behaviour of several runs once. */
function contributions({ events, tests, actors }: ModelRecords): ReadonlyMap<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const [i, event] of events.entries()) {
    const test = tests[i];
    if (test === undefined) continue;
    const chain = chainText(actors.chainOf(event.task).map(({ program }) => program));
    const words = describeEvent(event, (taskId) => actors.programOf(taskId));
    const seen = found.get(test) ?? new Set();
    found.set(test, seen.add(`${chain} ${words}`));
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `galgo model show --tests`. */
export function printTests(records: ModelRecords, json: boolean): void {
  const found = contributions(records);
  if (json) {
    outJson([...found].map(([name, behaviours]) => ({ name, behaviours: [...behaviours] })));
    return;
  }
  const paint = outPainter();
  for (const [name, behaviours] of found) {
    outLine(`${paint.bold(quote(name))} (${plural(behaviours.size, "behaviour")})`);
    for (const words of behaviours) outLine(`  ${words}`);
  }
}
