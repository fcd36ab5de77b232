// SPDX-License-Identifier: Apache-2.0
// Options that several commands have, and how their arguments are read.
import { InvalidArgumentError, Option } from "commander";
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

/** Reads a time of at least a tenth of a second and at most an hour. */
export function seconds(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value >= 0.1 && value <= 3_600) return value;
  throw new InvalidArgumentError("Expected seconds from 0.1 to 3600.");
}
