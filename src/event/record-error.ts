// SPDX-License-Identifier: Apache-2.0
// What goes wrong when a record is read.
import { CodedError } from "../base/errors.ts";

/** `NOT_JSON`: no JSON; `TOO_LONG`: beyond a limit; `UNKNOWN_HOOK`: type outside the vocabulary; `BAD_MEMBER`: a member is wrong. */
export type RecordErrorCode = "NOT_JSON" | "TOO_LONG" | "UNKNOWN_HOOK" | "BAD_MEMBER";

/** A record that cannot be read; the message names the member and what is wrong with it. Callers add file and line. */
export class RecordError extends CodedError<RecordErrorCode> {}

/** The error for one member. */
export function memberError(path: string, problem: string): RecordError {
  return new RecordError("BAD_MEMBER", `record member ${path === "" ? "(top)" : path} ${problem}`, {
    facts: { member: path },
  });
}
