// SPDX-License-Identifier: Apache-2.0
// Requests that are not answered with a result.
import { CodedError } from "../../base/errors.ts";

export type ServiceErrorCode =
  | "BAD_REQUEST"
  | "NOT_FOUND"
  | "WRONG_TYPE"
  | "TOO_LARGE"
  | "TOO_MANY"
  | "BUSY"
  /** Enrollment: no makers of TPMs are trusted here. */
  | "NOT_SERVED"
  /** Enrollment: the key or its TPM is not believed. */
  | "NOT_BELIEVED"
  /** At the start: it can not listen there, or not with these files. */
  | "NO_SERVICE";

export class ServiceError extends CodedError<ServiceErrorCode> {}

export const STATUS: Readonly<
  Record<ServiceErrorCode, 400 | 403 | 404 | 413 | 415 | 429 | 500 | 501 | 503>
> = {
  BAD_REQUEST: 400,
  NOT_BELIEVED: 403,
  NOT_FOUND: 404,
  TOO_LARGE: 413,
  WRONG_TYPE: 415,
  TOO_MANY: 429,
  NO_SERVICE: 500,
  NOT_SERVED: 501,
  BUSY: 503,
};
