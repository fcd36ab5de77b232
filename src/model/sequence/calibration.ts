// SPDX-License-Identifier: Apache-2.0
// From readings to a score, and from the score to a threshold that keeps to a budget of false alarms. All of it rests on traces that were left
// out of training when they were scored.
import type { Scored } from "./evaluate.ts";
import { LOW_WINDOWS, type Readings } from "./readings.ts";
import { type Distribution, distributionOf, exceededWith, unusual } from "./tail.ts";

/** What the readings of normal traces are like. */
export interface Calibration {
  /** Of whole traces: their highest short and long window. */
  readonly highest: readonly Distribution[];
  /** Of the scores of whole traces. */
  readonly verdict: Distribution;
  readonly alarm: Distribution;
  readonly combined: Distribution;
  /** Of the highest short and long window within a block of BLOCK_EVENTS events. */
  readonly short: Distribution;
  readonly long: Distribution;
  /** How many of them there were. */
  readonly traces: number;
  readonly blocks: number;
  /** How long it took to make them; 0 when nobody knows. */
  readonly durationMs: number;
}

/** Scores of a finished trace, each with -ln of the probability that a normal trace has such a score or a higher one. */
export interface Scores {
  /** Mean of the lowest windows (nats an event): how strange the most normal part of it is. */
  readonly verdict: Scored;
  /** How unusual its highest windows are: how strange the strangest part of it is. */
  readonly alarm: Scored;
  /** Both together: their rarities added up (Fisher's method). */
  readonly combined: Scored;
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
  /** Of a finished trace. */
  readonly verdict: number;
}

/** Places of the highest windows among the readings. */
const HIGHEST: readonly number[] = [LOW_WINDOWS.length, LOW_WINDOWS.length + 1];
const MS_PER_DAY = 86_400_000;
/** The least tail of a rarity, which has an exponential one by what it is. */
const LEAST_RARITY_TAIL = 1;
/** Three ways to an alarm share the budget: two windows and the verdict on a finished process. */
const WAYS = 3;

export function calibrationOf({ traces, peaks, durationMs }: HeldOutReadings): Calibration {
  const highest = HIGHEST.map((index) =>
    distributionOf(traces.map((values) => values[index] ?? 0)),
  );
  const verdicts = traces.map(verdictScore);
  const alarms = traces.map((values) => alarmScore(highest, values));
  const verdict = distributionOf(verdicts);
  const alarm = distributionOf(alarms, LEAST_RARITY_TAIL);
  const combined = verdicts.map(
    (score, at) => unusual(verdict, score) + unusual(alarm, alarms[at] ?? 0),
  );
  return {
    highest,
    verdict,
    alarm,
    combined: distributionOf(combined, LEAST_RARITY_TAIL),
    short: distributionOf(peaks.map(({ short }) => short)),
    long: distributionOf(peaks.map(({ long }) => long)),
    traces: traces.length,
    blocks: peaks.length,
    durationMs,
  };
}

/** The scores of a finished trace. Readings depend on each other: what a score means is read off those of normal traces. */
export function scoresOf(calibration: Calibration, values: Readings): Scores {
  const verdict = scoredBy(calibration.verdict, verdictScore(values));
  const alarm = scoredBy(calibration.alarm, alarmScore(calibration.highest, values));
  const combined = scoredBy(calibration.combined, verdict.rarity + alarm.rarity);
  return { verdict, alarm, combined };
}

function scoredBy(known: Distribution, score: number): Scored {
  return { score, rarity: unusual(known, score) };
}

function verdictScore(values: Readings): number {
  const lowest = values.slice(0, LOW_WINDOWS.length);
  return lowest.reduce((sum, value) => sum + value, 0) / LOW_WINDOWS.length;
}

/** As while a process runs: one window above its threshold is enough. */
function alarmScore(highest: readonly Distribution[], values: Readings): number {
  const unusualOnes = highest.map((known, at) => unusual(known, values[HIGHEST[at] ?? 0] ?? 0));
  return Math.max(0, ...unusualOnes);
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
  const { traces, blocks, durationMs, verdict, short, long } = calibration;
  const seconds = MS_PER_DAY / 1000;
  const aDay = (count: number): number =>
    durationMs > 0 ? (count * MS_PER_DAY) / durationMs : seconds;
  const share = alarmsPerDay / WAYS;
  return {
    short: exceededWith(short, Math.min(1, share / aDay(blocks)), most),
    long: exceededWith(long, Math.min(1, share / aDay(blocks)), most),
    // the low order does not know them either: half of it is no excess
    verdict: exceededWith(verdict, Math.min(1, share / aDay(traces)), most / 2),
  };
}

/** Whether cross-validation is more than a guess: the thresholds of a budget are far beyond what was seen. */
export function wellFounded({ traces, blocks }: Calibration): boolean {
  return traces >= 20 && blocks >= 20;
}
