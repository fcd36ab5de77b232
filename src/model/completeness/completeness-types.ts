// SPDX-License-Identifier: Apache-2.0
// What a model says of how complete it is, run by run: integers only, so that the same runs give the same bytes in whatever order they come.

/** One run that was learned from. */
export interface RunSummary {
  /** 16 hex digits: digest of what the run recorded. */
  readonly id: string;
  readonly eventsSeen: number;
  readonly eventsLost: number;
  readonly durationMs: number;
  /** Points of the model that this run showed. */
  readonly behaviours: number;
  /** Those of them that no other run showed. */
  readonly onlyHere: number;
  /**
   * Behaviours that were first seen in each minute since the start of this run; the last entry holds all later ones too.
   * Absent when the records do not tell the time.
   */
  readonly perMinute?: readonly number[];
  /** Behaviours of this run that a model learned from all other runs would refuse. Absent below three runs and above twelve. */
  readonly surprises?: number;
}

/**
 * What estimates of unseen behaviour are made of (Good-Turing by events, Chao2 by runs; see completeness-estimates.ts). Only behaviours
 * that were seen are counted, not those that rules expect.
 */
export interface UnseenCounts {
  /** Events that the counts below are taken from. */
  readonly events: number;
  /** Behaviours that were seen exactly once, exactly twice, in all events. */
  readonly once: number;
  readonly twice: number;
  /** Behaviours that exactly one run showed, exactly two. */
  readonly inOneRun: number;
  readonly inTwoRuns: number;
}

/** Kinds of behaviour, as far as they tell whether a workload did its work. In the order in which they are shown. */
export const ACTIVITY_KINDS = [
  "programs",
  "startup",
  "reads",
  "writes",
  "creates",
  "removes",
  "attributes",
  "binds",
  "listens",
  "accepts",
  "connects",
  "messages",
  "ipc",
  "signals",
  "privileges",
  "kernel",
] as const;

export type ActivityKind = (typeof ACTIVITY_KINDS)[number];

/** A behaviour that somebody said the workload must have. */
export interface RequirementResult {
  /** As it was given (requirement.ts has the language). */
  readonly require: string;
  readonly met: boolean;
}

/** A test that the workload named while it ran (`galgo mark`). */
export interface TestSummary {
  /** Text of the workload: to be quoted. */
  readonly name: string;
  /** Points that were first seen during this test in at least one run. */
  readonly behaviours: number;
  /** Those of them that were first seen during this test in every run that showed them. */
  readonly onlyHere: number;
}

/** Absent members: the model was made before they existed, or of something that does not tell. */
export interface CompletenessDetails {
  /** Ascending by id. */
  readonly perRun?: readonly RunSummary[];
  /**
   * Expected number of behaviours after 1, 2, ... runs, in thousandths, over all orders of the runs. Beyond `MAX_CURVE` runs the
   * entry i (from 0) stands for ceil((i + 1) * runs / MAX_CURVE) of them.
   */
  readonly curve?: readonly number[];
  readonly unseen?: UnseenCounts;
  /** Points by kind; kinds without any are left out. */
  readonly activity?: { readonly [K in ActivityKind]?: number };
  /** In the order of the text, none twice. */
  readonly requirements?: readonly RequirementResult[];
  /** In the order of the names. */
  readonly tests?: readonly TestSummary[];
}
