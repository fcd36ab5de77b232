// SPDX-License-Identifier: Apache-2.0
// Exit statuses of the command line (docs: the same numbers as env(1), timeout(1) and container runners where they have one).
import { constants } from "node:os";
import { CodedError } from "../base/errors.ts";
import type { ChildExit } from "../orchestrator/inspect/index.ts";

export const EXIT_OK = 0;
/** A comparison or a check found something. */
export const EXIT_DIFFERENT = 1;
/** A comparison or a check could not be made. */
export const EXIT_TROUBLE = 2;
/** An enforced model was violated. */
export const EXIT_VIOLATED = 121;
/** Galgo itself failed. */
export const EXIT_GALGO = 125;
export const EXIT_NOT_EXECUTABLE = 126;
export const EXIT_NOT_FOUND = 127;

/** Status of a shell for the way a child ended. */
export function childStatus(exit: ChildExit): number {
  if ("code" in exit) return exit.code;
  const numbers: Readonly<Record<string, number | undefined>> = constants.signals;
  return 128 + (numbers[exit.signal] ?? 0);
}

/** Status for an error that ends a command. `trouble` is what the command uses for its own failures. */
export function errorStatus(error: unknown, trouble: number): number {
  if (error instanceof CodedError) {
    if (error.name === "CommandError")
      return error.code === "NOT_FOUND" ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
  }
  return trouble;
}
