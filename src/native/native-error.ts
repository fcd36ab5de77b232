// SPDX-License-Identifier: Apache-2.0
// A call of the C library that failed where it should not have.
import { CodedError } from "../base/errors.ts";
import { errnoName } from "./libc.ffi.ts";

/** `facts.call`, `facts.errno` (name) and `errno` (number) say what failed and how. */
export class NativeError extends CodedError<"CALL_FAILED" | "TOO_LONG" | "NOT_SEALED"> {
  readonly errno: number = 0;

  static ofCall(call: string, errno: number): NativeError {
    const name = errnoName(errno);
    const error = new NativeError("CALL_FAILED", `${call} failed with ${name}`, {
      facts: { call, errno: name },
    });
    return Object.assign(error, { errno });
  }
}
