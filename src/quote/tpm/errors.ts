// SPDX-License-Identifier: Apache-2.0
// What can go wrong between Galgo and a TPM.
import { CodedError } from "../../base/errors.ts";
import { describeResponse } from "./response-codes.ts";

/**
 * NO_TPM: there is none at that address, or it may not be opened. GONE: it went away, or was closed, during a command.
 * BAD_ADDRESS: that is none. NO_ANSWER: it took too long. BAD_ANSWER: what came is no response. REFUSED: it said no, see `TpmRefusal`.
 * NO_BANK: it has no such PCR. RESTLESS: its PCRs do not stand still. TOO_SLOW: more is to be extended than it can.
 * FOREIGN: a PCR holds something else than was extended into it. IN_USE: a namespace of this Galgo has the PCR.
 * OTHER_TPM: what was given is for another one.
 */
export type TpmErrorCode =
  | "NO_TPM"
  | "BAD_ADDRESS"
  | "GONE"
  | "NO_ANSWER"
  | "BAD_ANSWER"
  | "REFUSED"
  | "NO_BANK"
  | "RESTLESS"
  | "TOO_SLOW"
  | "FOREIGN"
  | "IN_USE"
  | "OTHER_TPM";

export class TpmError extends CodedError<TpmErrorCode> {}

/** The TPM answered a command with a response code. `facts`: command, name, response. */
export class TpmRefusal extends TpmError {
  /** Name of the response code without parameter or session, such as TPM_RC_VALUE. */
  readonly response: string;
  /** The response code as it came. */
  readonly number: number;

  constructor(command: string, number: number) {
    const { name, where, advice } = describeResponse(number);
    const hex = `0x${number.toString(16).padStart(3, "0")}`;
    super(
      "REFUSED",
      `the TPM refused ${command} with ${name}${where === undefined ? "" : ` for ${where}`} (${hex})${advice === undefined ? "" : `: ${advice}`}`,
      { facts: { command, name, response: hex } },
    );
    this.response = name;
    this.number = number;
  }
}
