// SPDX-License-Identifier: Apache-2.0
// What Galgo adds to a record in forensics.jsonl: a last member "galgo" with facts of its own (numbers and fixed words,
// no text from the workload), so that the rest of the line stays a TSEM record.

/** `violation`: outside the model, numbered from 1. `refused`: a call of a process that is untrusted already. */
export interface Mark {
  readonly kind: "violation" | "refused";
  /** Number of the violation; for a refused call that of the last violation before it. */
  readonly number: number;
  readonly decision: "denied" | "killed" | "observed";
  /** How long the task waited for the decision (us); absent when the event could not be held. */
  readonly heldUs?: number;
  /** hex; absent when the event was not modeled. */
  readonly coefficient?: string;
  /** Why an event that could not be held counts as a violation. */
  readonly reason?: string;
}

const KEY = ', "galgo": ';

/** `record` (a JSON object) with the mark as its last member. */
export function addMark(record: string, mark: Mark): string {
  return `${record.slice(0, -1)}${KEY}${JSON.stringify(mark)}}`;
}

/** Takes the mark off again. */
export function splitMark(line: string): {
  readonly record: string;
  readonly mark: Mark | undefined;
} {
  // the mark holds no text of the workload, so the last occurrence is ours
  const at = line.lastIndexOf(KEY);
  if (at < 0) return { record: line, mark: undefined };
  const text = line.slice(at + KEY.length, -1);
  try {
    return { record: `${line.slice(0, at)}}`, mark: JSON.parse(text) as Mark };
  } catch {
    return { record: line, mark: undefined };
  }
}
