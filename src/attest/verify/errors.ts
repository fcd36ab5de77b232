// SPDX-License-Identifier: Apache-2.0
// What goes wrong before anybody can say whether evidence is to be believed.
import { CodedError } from "../../base/errors.ts";

/**
 * BAD_POLICY: the policy is none, or asks for what can never be. TOO_LARGE: beyond a limit. BAD_COEFFICIENTS: what was reported beside
 * the evidence is no list of coefficients. BAD_RECORD: the record can not be understood.
 */
export type VerifyErrorCode = "BAD_POLICY" | "TOO_LARGE" | "BAD_COEFFICIENTS" | "BAD_RECORD";

export class VerifyError extends CodedError<VerifyErrorCode> {}
