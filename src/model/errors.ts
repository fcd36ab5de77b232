// SPDX-License-Identifier: Apache-2.0
// What goes wrong with models.
import { CodedError } from "../base/errors.ts";

/**
 * BAD_JSON: not JSON. BAD_FIELD: a field is missing, unknown or wrong. BAD_STATE: the state value does not belong to the points.
 * TOO_LARGE: beyond a limit. WRONG_MAPPING, WRONG_DIGEST: of another kind than asked for. SEALED: a sealed model cannot be changed.
 * INCOMPATIBLE: models that cannot be merged. NOT_A_BEHAVIOUR: an identity record is never a point.
 * AMBIGUOUS_IDENTITY, UNKNOWN_IDENTITY: recorded task ids cannot be carried over to other rules.
 */
export type ModelErrorCode =
  | "BAD_JSON"
  | "BAD_FIELD"
  | "BAD_STATE"
  | "TOO_LARGE"
  | "WRONG_MAPPING"
  | "WRONG_DIGEST"
  | "SEALED"
  | "INCOMPATIBLE"
  | "NOT_A_BEHAVIOUR"
  | "AMBIGUOUS_IDENTITY"
  | "UNKNOWN_IDENTITY";

export class ModelError extends CodedError<ModelErrorCode> {}
