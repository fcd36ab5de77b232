// SPDX-License-Identifier: Apache-2.0
// Errors of the daemon and of its clients. Each message says what is wrong, where, and what to do about it.
import { CodedError } from "../base/errors.ts";

/** The daemon can not be started, or has to give up. */
export class DaemonError extends CodedError<
  | "NO_DIRECTORY"
  | "NOT_PRIVATE"
  | "IN_USE"
  | "NOT_ALLOWED"
  | "NO_SOCKET"
  | "NO_STATE"
  | "BAD_CONFIG"
  | "NO_GROUP"
  | "NOT_RELOADED"
  | "STOPPING"
> {}

/** What a client asked for was not done. `facts.status` is the HTTP status where the daemon has answered. */
export class ClientError extends CodedError<
  "NO_DAEMON" | "NOT_ALLOWED" | "NOT_FOUND" | "REFUSED" | "BAD_ANSWER" | "GONE"
> {}

/** What the API answers with instead of what was asked for. */
export class ApiError extends CodedError<
  "NOT_FOUND" | "AMBIGUOUS" | "NOT_ALLOWED" | "BAD_REQUEST" | "CONFLICT" | "NOT_SERVED"
> {}
