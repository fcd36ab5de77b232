// SPDX-License-Identifier: Apache-2.0
// What goes wrong with models.
import { CodedError } from "../base/errors.ts";

/**
 * BAD_JSON: not JSON. BAD_FIELD: a field is missing, unknown or wrong. BAD_STATE: the state value does not belong to the points.
 * TOO_LARGE: beyond a limit. WRONG_MAPPING, WRONG_DIGEST: of another kind than asked for. SEALED: a sealed model cannot be changed.
 * INCOMPATIBLE: models that cannot be merged. NOT_A_BEHAVIOUR: an identity record is never a point. NOT_MAPPABLE: the mapping has no
 * place for this event. BAD_TEXT: a line of a text model is wrong. BAD_SIGNATURE: a signature is bad, missing or by somebody else.
 * LOSS: another form of the model cannot hold what it means.
 * BAD_REQUIREMENT: a must-have behaviour is not written as requirement.ts says.
 * BAD_TEMPLATE: no template of names. BAD_RULE: a rule that can not be, or is too wide.
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
  | "NOT_MAPPABLE"
  | "BAD_TEXT"
  | "BAD_SIGNATURE"
  | "LOSS"
  | "BAD_REQUIREMENT"
  | "BAD_TEMPLATE"
  | "BAD_RULE"
  | "AMBIGUOUS_IDENTITY"
  | "UNKNOWN_IDENTITY";

export class ModelError extends CodedError<ModelErrorCode> {}
