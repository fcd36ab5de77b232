// SPDX-License-Identifier: Apache-2.0
// Why a command is not carried out.
import { CodedError } from "../../base/errors.ts";

/**
 * BAD_COMMAND: damaged, or not as a command has to be. TOO_LARGE: beyond what is read. BAD_SIGNATURE: forged or changed. UNKNOWN_KEY:
 * signed by none of the keys of the fleet. WRONG_HOST: for others. EXPIRED, NOT_YET: not now. NOT_ALLOWED: its user may not order this.
 */
export type CommandErrorCode =
  | "BAD_COMMAND"
  | "TOO_LARGE"
  | "BAD_SIGNATURE"
  | "UNKNOWN_KEY"
  | "WRONG_HOST"
  | "EXPIRED"
  | "NOT_YET"
  | "NOT_ALLOWED";

export class CommandError extends CodedError<CommandErrorCode> {}
