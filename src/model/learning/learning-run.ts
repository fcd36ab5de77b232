// SPDX-License-Identifier: Apache-2.0
// One recorded run as learning takes it: what was met, how often, and how the run went. Its id comes from its content, so the order in which
// runs are given never matters.
import type { SecurityEvent } from "../../event/event.ts";
import { writeRecord } from "../../event/index.ts";
import type { Hasher } from "../hasher.ts";

/** The first occurrence of a behaviour in a run, or the record of an identity. */
export interface LearnedRecord {
  /** Raw, as the sensor gave it. */
  readonly event: SecurityEvent;
  /** How often the behaviour was met in the run; of an identity 1. */
  readonly count: number;
  /** What the workload said it was doing (see `galgo mark`). */
  readonly test?: string;
  /** Time from the first event of the run with a clock to this one (ms). */
  readonly atMs?: number;
}

/** How a run went. */
export interface RunFacts {
  readonly eventsSeen: number;
  readonly eventsLost: number;
  readonly durationMs: number;
  /** New behaviours in each tenth of the run's events: ten numbers, or none when it is not known. */
  readonly saturation: readonly number[];
  /** When it began (ISO 8601, UTC), where that is known: names may hold its day. */
  readonly started?: string;
}

/** In which order the events of a run came. */
export interface RunSequence {
  /** Of each event, its stream: a process until it becomes another program; numbers from 0. */
  readonly streams: Int32Array;
  /** Of each event, its behaviour: the place of the record among those of the run that are no identity records. */
  readonly behaviours: Int32Array;
}

/** One recorded run. */
export interface LearningRun {
  /** 16 hex digits: of its content. */
  readonly id: string;
  /** In the order of discovery; identity records (bprm_committed_creds) are among them. */
  readonly records: readonly LearnedRecord[];
  readonly facts: RunFacts;
  /** Not a run but what a person added from violations: it brings points, and no evidence of what varies or of how complete learning was. */
  readonly kind?: "amend";
  /** Where it was recorded. It is no part of the id. */
  readonly sequence?: RunSequence;
}

/** A behaviour as one run showed it. */
export interface MappedPoint {
  /** How often it was met. */
  readonly count: number;
  /** What the workload said it was doing, ascending. */
  readonly tests: readonly string[];
  /** When it was first met since the run's start (ms), where the sensor has a clock. */
  readonly atMs?: number;
  /** In which tenth of the run's events it was first met, 0 to 9. */
  readonly tenth: number;
}

/** A run under the rules of the model that was made of it. */
export interface MappedRun {
  readonly id: string;
  readonly facts: RunFacts;
  /** By coefficient, in the order of discovery. */
  readonly points: ReadonlyMap<string, MappedPoint>;
  /** Of each record that is no identity record, in their order. */
  readonly coefficients: readonly string[];
}

const ID_CHARS = 16;

/** A run with its id: the first digits of a digest over its facts and its records, one after the other. */
export function learningRun(
  records: readonly LearnedRecord[],
  facts: RunFacts,
  hasher: Hasher,
  kind?: LearningRun["kind"],
): LearningRun {
  const encoder = new TextEncoder();
  const { eventsSeen, eventsLost, durationMs, saturation, started } = facts;
  const more = [kind, started].filter((text) => text !== undefined);
  let id = hasher.hex(
    encoder.encode(JSON.stringify([eventsSeen, eventsLost, durationMs, saturation, ...more])),
  );
  for (const { event, count, test = "" } of records) {
    const text = `${id} ${count} ${JSON.stringify(test)} ${writeRecord(event)}`;
    id = hasher.hex(encoder.encode(text));
  }
  return { id: id.slice(0, ID_CHARS), records, facts, ...(kind !== undefined && { kind }) };
}

/** Each run once, ascending by id. */
export function distinctRuns(runs: readonly LearningRun[]): readonly LearningRun[] {
  const byId = new Map(runs.map((run) => [run.id, run]));
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
