// SPDX-License-Identifier: Apache-2.0
// What can be wrong with the bytes of a TPM.
import { CodedError } from "../../base/errors.ts";

/** A structure of the TPM that can not be read or used. The message names the structure and the part of it. */
export class TpmFormatError extends CodedError<
  "TRUNCATED" | "TRAILING" | "TOO_LONG" | "BAD_VALUE" | "UNKNOWN_ALGORITHM" | "WRONG_KIND"
> {}
