// SPDX-License-Identifier: Apache-2.0
// Why something could not be brought to a registry or fetched from it. Each message is one line that names what was asked for.
import { CodedError } from "../../base/errors.ts";

export class OciError extends CodedError<
  /** The name of what is wanted can not be read. */
  | "BAD_REFERENCE"
  /** The file with credentials, or the helper that keeps them. */
  | "BAD_CREDENTIALS"
  /** The registry knows no such user, or he may not do it. */
  | "UNAUTHORIZED"
  /** No such repository, tag or digest. */
  | "NOT_FOUND"
  /** No connection, or it went away more often than it was tried again. */
  | "UNREACHABLE"
  /** What the registry answers is not what the protocol says. */
  | "BAD_ANSWER"
  /** Content that is not what its digest says. */
  | "BAD_DIGEST"
  /** More than Galgo takes. */
  | "TOO_LARGE"
  /** The registry says no. */
  | "REFUSED"
  /** It leads to where Galgo does not go: off TLS, or in circles. */
  | "BAD_REDIRECT"
  /** What is there is no model. */
  | "NO_MODEL"
  /** Several models are there, and none was chosen. */
  | "AMBIGUOUS"
  /** The file that is read or written. */
  | "BAD_FILE"
> {}

/** Code of a system error (`ENOENT`), else its text. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
