// SPDX-License-Identifier: Apache-2.0
// What goes wrong when a record is read.
import { CodedError } from "../base/errors.ts";

/**
 * `NOT_JSON`: no JSON; `TOO_LONG`: beyond a limit; `UNKNOWN_HOOK`: type outside the vocabulary; `BAD_MEMBER`: a member is wrong.
 * Of a TSEM kernel's records (tsem/): `AMBIGUOUS`: can be read in two ways; `CUT`: ends where the kernel's buffer ended; `INCOMPLETE`: ends
 * inside a text; `NOT_EXPRESSIBLE`: can not be written for that reader.
 */
export type RecordErrorCode =
  | "NOT_JSON"
  | "TOO_LONG"
  | "UNKNOWN_HOOK"
  | "BAD_MEMBER"
  | "AMBIGUOUS"
  | "CUT"
  | "INCOMPLETE"
  | "NOT_EXPRESSIBLE";

/** A record that cannot be read; the message names the member and what is wrong with it. Callers add file and line. */
export class RecordError extends CodedError<RecordErrorCode> {}

/** The error for one member. */
export function memberError(path: string, problem: string): RecordError {
  return new RecordError("BAD_MEMBER", `record member ${path === "" ? "(top)" : path} ${problem}`, {
    facts: { member: path },
  });
}
