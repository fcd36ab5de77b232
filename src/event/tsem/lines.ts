// SPDX-License-Identifier: Apache-2.0
// Lines and records: a newline in a name makes several lines of one record.
import { recordState } from "./kernel.ts";
import { MAX_QUIRK_CHARS, MAX_RECORD_LINES } from "./limits.ts";

/** What lines are together: one record; one that also holds a complete record, so that nobody can tell; not yet anything; nothing. */
export type JoinedState = "record" | "ambiguous" | "more" | "never";

/**
 * What lines that follow each other are together, when the first of them begins a record and does not end it (`recordState` says `begin`,
 * `readTsemRecord` throws INCOMPLETE). A reader holds the lines while this says `more`; joined with newlines they are the record when it says `record`.
 * `ambiguous`: the lines are a record, and one of them is one by itself: either a name holds a whole record, or a record was left unfinished.
 * None of them can be believed. `never`: the first line stays unreadable, the others are read anew.
 */
export function joinedState(lines: readonly string[]): JoinedState {
  const text = lines.join("\n");
  if (lines.length > MAX_RECORD_LINES || text.length > MAX_QUIRK_CHARS) return "never";
  const state = recordState(text);
  if (state === "begin") return "more";
  if (state !== "complete") return "never";
  const inside = lines.slice(1).some((line) => recordState(line) === "complete");
  return inside ? "ambiguous" : "record";
}
