// SPDX-License-Identifier: Apache-2.0
// What goes wrong with IMA's measurement lists.
import { CodedError } from "../../base/errors.ts";

/**
 * TRUNCATED: a binary list ends within an entry. TOO_LARGE: beyond a limit. BAD_ENTRY: an entry of a binary list cannot be.
 * BAD_LINE: a line of an ascii list cannot be. UNKNOWN_TEMPLATE: an ascii line of a template whose hashed bytes cannot be rebuilt.
 * BAD_VALUE: a PCR or register value of the wrong size was asked for. BAD_REFERENCE: a file of reference values that is none.
 */
export type ImaErrorCode =
  | "TRUNCATED"
  | "TOO_LARGE"
  | "BAD_ENTRY"
  | "BAD_LINE"
  | "UNKNOWN_TEMPLATE"
  | "BAD_VALUE"
  | "BAD_REFERENCE";

/** A measurement list that cannot be read. The message names the entry or the line. */
export class ImaError extends CodedError<ImaErrorCode> {}
