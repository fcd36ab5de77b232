// SPDX-License-Identifier: Apache-2.0
// Why somebody is not let in, or may not do what he asked for.
import { CodedError } from "../../base/errors.ts";

/**
 * NOT_SIGNED_IN: nobody known. BAD_LOGIN: wrong name or password, never which. BAD_CSRF: a change without the session's second token.
 * NOT_ALLOWED: the role is too low. TOO_MANY: too many tries. BAD_PASSWORD: one that is not taken. BUSY: too many logins at a time.
 */
export type AccessErrorCode =
  | "NOT_SIGNED_IN"
  | "BAD_LOGIN"
  | "BAD_CSRF"
  | "NOT_ALLOWED"
  | "TOO_MANY"
  | "BAD_PASSWORD"
  | "BUSY"
  | "BAD_REQUEST"
  | "NOT_FOUND"
  | "CONFLICT";

export class AccessError extends CodedError<AccessErrorCode> {}
