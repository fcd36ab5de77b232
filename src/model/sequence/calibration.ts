// SPDX-License-Identifier: Apache-2.0
// From readings to a score, and from the score to a threshold that keeps to a budget of false alarms. All of it rests on traces that were left
// out of training when they were scored.
import { READINGS, type Readings } from "./readings.ts";
import { type Distribution, distributionOf, exceededWith, unusual } from "./tail.ts";

/** What the readings of normal traces are like. */
export interface Calibration {
  /** Of whole traces, one for each of READINGS. */
  readonly readings: readonly Distribution[];
  /** Of the scores of whole traces. */
  readonly score: Distribution;
  /** Of the highest short and long window within a block of BLOCK_EVENTS events. */
  readonly short: Distribution;
  readonly long: Distribution;
  /** How many of them there were. */
  readonly traces: number;
  readonly blocks: number;
  /** How long it took to make them; 0 when nobody knows. */
  readonly durationMs: number;
}

/** What cross-validation found. */
export interface HeldOutReadings {
  readonly traces: readonly Readings[];
  /** Highest short and long window of each block. */
  readonly peaks: readonly Peak[];
  readonly durationMs: number;
}

export interface Peak {
  readonly short: number;
  readonly long: number;
}

/** Above which an alarm is raised. */
export interface Thresholds {
  readonly short: number;
  readonly long: number;
  readonly score: number;
}

const MS_PER_DAY = 86_400_000;
/** The least tail (nats) of scores: they are sums of nats themselves. */
const LEAST_SCORE_TAIL = 1;
/** Three ways to an alarm share the budget: two windows and the verdict on a finished process. */
const WAYS = 3;

export function calibrationOf({ traces, peaks, durationMs }: HeldOutReadings): Calibration {
  const readings = READINGS.map((_, index) =>
    distributionOf(traces.map((values) => values[index] ?? 0)),
  );
  return {
    readings,
    score: distributionOf(
      traces.map((values) => scoreBy(readings, values)),
      LEAST_SCORE_TAIL,
    ),
    short: distributionOf(peaks.map(({ short }) => short)),
    long: distributionOf(peaks.map(({ long }) => long)),
    traces: traces.length,
    blocks: peaks.length,
    durationMs,
  };
}

/**
 * The score of a finished trace: how unusual its readings are, each as -ln of its probability, added up (Fisher's method, but for that the
 * readings depend on each other: what the sum means is read off the sums of normal traces).
 */
export function scoreOf({ readings }: Calibration, values: Readings): number {
  return scoreBy(readings, values);
}

function scoreBy(readings: readonly Distribution[], values: Readings): number {
  return readings.reduce((sum, known, index) => sum + unusual(known, values[index] ?? 0), 0);
}

/** Probability that a normal trace has such a score or a higher one: in nats, -ln of it. */
export function rarity({ score }: Calibration, value: number): number {
  return unusual(score, value);
}

/**
 * Thresholds with which normal traces raise so many alarms a day, at the pace of the traces that were learned from. Where nobody knows that
 * pace, one block or trace a second is assumed.
 * @param most the greatest surprise (nats) of an event: a window in which nothing is known has no more
 */
export function thresholdsFor(
  calibration: Calibration,
  alarmsPerDay: number,
  most: number,
): Thresholds {
  const { traces, blocks, durationMs, score, short, long } = calibration;
  const seconds = MS_PER_DAY / 1000;
  const aDay = (count: number): number =>
    durationMs > 0 ? (count * MS_PER_DAY) / durationMs : seconds;
  const share = alarmsPerDay / WAYS;
  return {
    short: exceededWith(short, Math.min(1, share / aDay(blocks)), most),
    long: exceededWith(long, Math.min(1, share / aDay(blocks)), most),
    score: exceededWith(score, Math.min(1, share / aDay(traces))),
  };
}

/** The score that this share of normal traces exceeds. */
export function scoreAt({ score }: Calibration, falseAlarms: number): number {
  return exceededWith(score, falseAlarms);
}

/** Whether cross-validation is more than a guess: the thresholds of a budget are far beyond what was seen. */
export function wellFounded({ traces, blocks }: Calibration): boolean {
  return traces >= 20 && blocks >= 20;
}
