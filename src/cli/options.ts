// SPDX-License-Identifier: Apache-2.0
// Options that several commands have, and how their arguments are read.
import { InvalidArgumentError, Option } from "commander";
import { MAX_ALARMS_PER_DAY } from "../model/names/index.ts";
import { DIGEST_NAMES, MAPPING_NAMES } from "../model/names/index.ts";

/** `--mapping`. */
export function mappingOption(text: string): Option {
  return new Option("--mapping <mapping>", text).choices(MAPPING_NAMES);
}

/** `--digest`. */
export function digestOption(text: string): Option {
  return new Option("--digest <digest>", text).choices(DIGEST_NAMES);
}

/** An option that may be given as often as wanted. */
export function listOption(flags: string, text: string): Option {
  return new Option(flags, text).argParser(
    (value: string, before: readonly string[] | undefined) => [...(before ?? []), value],
  );
}

/** `--require`, as often as wanted. */
export function requireOption(text: string): Option {
  return listOption("--require <behaviour>", text);
}

/** Reads the argument of an option that is a number from 1. */
export function positive(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("Expected a whole number from 1.");
}

/** The same for an argument that may be given several times. */
export function positives(text: string, before: readonly number[] = []): readonly number[] {
  return [...before, positive(text)];
}

const DAYS: Readonly<Record<string, number>> = { hour: 1 / 24, day: 1, week: 7, month: 30 };

/** `--alarm-budget`. */
export function alarmBudgetOption(): Option {
  return new Option(
    "--alarm-budget <n/day>",
    "learn in which order behaviours come, too, so that no more false alarms than this are to be expected",
  ).argParser(alarmBudget);
}

/** Reads a budget of false alarms, N/day or N/hour, N/week, N/month, as alarms a day. */
function alarmBudget(text: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)\/(hour|day|week|month)$/.exec(text) ?? [];
  const perDay = Number(number) / (DAYS[unit] ?? Number.NaN);
  if (perDay > 0 && perDay <= MAX_ALARMS_PER_DAY) return perDay;
  throw new InvalidArgumentError("Expected a number of alarms: 1/day, 2/week, 1/month, 0.5/hour.");
}

/** Reads a time of at least a tenth of a second and at most an hour. */
export function seconds(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value >= 0.1 && value <= 3_600) return value;
  throw new InvalidArgumentError("Expected seconds from 0.1 to 3600.");
}
