// SPDX-License-Identifier: Apache-2.0
// What is wrong with a message between a host and its fleet.
import { CodedError } from "../../base/errors.ts";

/** BAD_MESSAGE: not what its subject says. TOO_LARGE: beyond a limit. NOT_FOR_US: made for another host, version or reader. */
export type LinkErrorCode = "BAD_MESSAGE" | "TOO_LARGE" | "NOT_FOR_US";

export class LinkError extends CodedError<LinkErrorCode> {}
