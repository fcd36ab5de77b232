// SPDX-License-Identifier: Apache-2.0
// What Galgo adds to a record: a last member "galgo" with facts of its own, so that the rest of the line stays a TSEM record. In forensics.jsonl
// what became of a violation, beside a model how often a behaviour was met.

import type { ContainerName } from "../run-record.ts";

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
  /** The container that it happened in. */
  readonly container?: ContainerName;
}

/** A behaviour in the records beside a model, or in the trajectory that they are made of. */
export interface LearnedMark {
  readonly kind: "learned";
  /** How often the behaviour was met in its run; absent while the run goes on. */
  readonly count?: number;
  /** What the workload said it was doing when it met the behaviour first. */
  readonly test?: string;
}

const KEY = ', "galgo": ';

/** `record` (a JSON object) with the mark as its last member. */
export function addMark(record: string, mark: Mark | LearnedMark): string {
  return `${record.slice(0, -1)}${KEY}${JSON.stringify(mark)}}`;
}

/** Takes the mark off again. */
export function splitMark(line: string): {
  readonly record: string;
  readonly mark: Mark | undefined;
  readonly learned?: LearnedMark;
} {
  // inside of a JSON string quotes are escaped, so no text of the workload can look like the key
  const at = line.lastIndexOf(KEY);
  if (at < 0) return { record: line, mark: undefined };
  const text = line.slice(at + KEY.length, -1);
  try {
    const mark = JSON.parse(text) as Mark | LearnedMark;
    const record = `${line.slice(0, at)}}`;
    return mark.kind === "learned" ? { record, mark: undefined, learned: mark } : { record, mark };
  } catch {
    return { record: line, mark: undefined };
  }
}
