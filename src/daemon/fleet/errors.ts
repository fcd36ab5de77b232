// SPDX-License-Identifier: Apache-2.0
// Errors of a host's part in the fleet.
import { CodedError } from "../../base/errors.ts";

/** What could not be done about the fleet, and what to do. */
export class FleetError extends CodedError<
  | "NOT_JOINED"
  | "NOT_TOLD"
  | "JOINED"
  | "NOT_NOTICED"
  | "NOT_LEFT"
  | "BAD_MEMBERSHIP"
  | "BAD_TOKEN"
  | "REFUSED"
  | "UNREACHABLE"
  | "NOT_ONLINE"
  | "NO_ANSWER"
  | "BAD_ANSWER"
  | "NOT_WRITABLE"
  | "FULL"
  | "TOO_LARGE"
> {}
