// SPDX-License-Identifier: Apache-2.0
// Errors of the outputs. They are told in the daemon's notices and counted in its metrics; no workload waits for an output.
import { CodedError } from "../../base/errors.ts";

/** A file of the journal or of a cursor can not be used. */
export class JournalError extends CodedError<"NOT_WRITABLE" | "BAD_JOURNAL"> {}

/**
 * A batch was not taken. UNREACHABLE: nobody there, or it took too long; tried again for ever. REFUSED: the receiver is there and does not
 * want what is in the batch; the message that it does not want is found, and tried MAX_REFUSALS times. BAD_SETTING: it can not work as configured.
 */
export class SinkError extends CodedError<"UNREACHABLE" | "REFUSED" | "BAD_SETTING"> {}

/** One sentence about any error. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== "") return error.message;
  // several addresses of one name were tried
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join("; ");
  return (error as NodeJS.ErrnoException).code ?? error.name;
}
