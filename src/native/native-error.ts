// SPDX-License-Identifier: Apache-2.0
// A call of the C library that failed where it should not have.
import { CodedError } from "../base/errors.ts";

/** `facts.call` and `facts.errno` say what failed and how. */
export class NativeError extends CodedError<"CALL_FAILED" | "TOO_LONG"> {
  static ofCall(call: string, errno: string): NativeError {
    return new NativeError("CALL_FAILED", `${call} failed with ${errno}`, {
      facts: { call, errno },
    });
  }
}
