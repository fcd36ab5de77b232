// SPDX-License-Identifier: Apache-2.0
// Errors of the fleet's server. Each message says what is wrong, where, and what to do about it.
import { CodedError } from "../base/errors.ts";

/** The server can not be started, or has to give up. */
export class FleetStartError extends CodedError<
  "BAD_OPTION" | "NO_DATA" | "IN_USE" | "BAD_KEY" | "NO_LISTEN" | "NO_NATS" | "NO_BUS" | "NO_STORE"
> {}

/** What a request is answered with instead of what it asked for. */
export class FleetError extends CodedError<
  | "BAD_REQUEST"
  | "NOT_SIGNED_IN"
  | "NOT_ALLOWED"
  | "NOT_FOUND"
  | "CONFLICT"
  | "UNTRUSTED"
  | "TOO_LARGE"
  | "TOO_MANY"
  | "BUSY"
  | "NOT_SERVED"
  | "UNKNOWN_HOST"
  | "REVOKED"
  | "BAD_TOKEN"
> {}

/** HTTP status by code, of all refusals of the server. */
export const FLEET_STATUS: Readonly<Record<string, FleetStatus>> = {
  BAD_REQUEST: 400,
  BAD_COMMAND: 400,
  NO_HOSTS: 409,
  BAD_PASSWORD: 400,
  NOT_SIGNED_IN: 401,
  NOT_LOGGED_IN: 401,
  BAD_LOGIN: 401,
  BAD_CSRF: 403,
  BAD_TOKEN: 403,
  NOT_ALLOWED: 403,
  REVOKED: 403,
  UNKNOWN_HOST: 404,
  NOT_FOUND: 404,
  CONFLICT: 409,
  UNTRUSTED: 403,
  TOO_LARGE: 413,
  TOO_MANY: 429,
  NOT_SERVED: 501,
  BUSY: 503,
};

export type FleetStatus = 400 | 401 | 403 | 404 | 409 | 413 | 429 | 500 | 501 | 503;
