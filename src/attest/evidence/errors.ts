// SPDX-License-Identifier: Apache-2.0
// Why a token is not read. The code is what tables of refusals go by; the message is for people.
import { CodedError } from "../../base/errors.ts";

export type TokenErrorCode =
  /** Larger than any token of ours. */
  | "TOO_LARGE"
  /** Not the bytes or the text of such a token: truncated, not canonical, trailing bytes. */
  | "MALFORMED"
  /** A header that is not the one of this kind of token. */
  | "BAD_HEADER"
  /** `alg` is not one of `TOKEN_ALGORITHMS`; "none" among them. */
  | "ALGORITHM_REFUSED"
  /** No key for the header's `kid`. */
  | "UNKNOWN_KEY"
  | "BAD_SIGNATURE"
  /** Signed, but the claims are not those of the profile. */
  | "BAD_CLAIMS";

/** A token that is refused. */
export class TokenError extends CodedError<TokenErrorCode> {}
