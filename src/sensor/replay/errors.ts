// SPDX-License-Identifier: Apache-2.0
// What goes wrong with a recorded stream as a whole. A single bad record is no error but a loss.
import { CodedError } from "../../base/errors.ts";

/** NO_FILE: can not be opened. READ_FAILED: the system refused. CUT_GZIP: compressed data that stops. BAD_GZIP: damaged compressed data. */
export class StreamError extends CodedError<"NO_FILE" | "READ_FAILED" | "CUT_GZIP" | "BAD_GZIP"> {}
