// SPDX-License-Identifier: Apache-2.0
// Why there is no evidence. Every message is fit for whoever has asked.
import { CodedError } from "../../base/errors.ts";

export type AttestErrorCode =
  /** What was asked for is no order of this version. */
  | "BAD_ORDER"
  /** The workload has not started yet. */
  | "NOT_READY"
  /** Too many ask at the same time. */
  | "BUSY"
  /** The run is over. */
  | "ENDED"
  /** What is said of the namespace can not be said, or the platform does not vouch for it. */
  | "NO_EVIDENCE"
  /** The files that this Galgo consists of can not be read. */
  | "NO_BUILD"
  /** The place where a run is asked can not be made. */
  | "NO_SOCKET"
  /** What was said can not be written to a file. */
  | "NOT_WRITTEN"
  /** Nobody answers, or not in this version's words. */
  | "NO_ANSWER";

export class AttestError extends CodedError<AttestErrorCode> {}
