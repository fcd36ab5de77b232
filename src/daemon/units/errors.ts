// SPDX-License-Identifier: Apache-2.0
// What can be wrong with a unit that shall run under a model.
import { CodedError } from "../../base/errors.ts";

/** NO_UNIT: no such unit. BAD_UNIT: its file can not be read or understood. NOT_WRAPPABLE: it can not run under Galgo; all reasons are named. */
export class UnitError extends CodedError<"NO_UNIT" | "BAD_UNIT" | "NOT_WRAPPABLE"> {}
