// SPDX-License-Identifier: Apache-2.0
// What differs between two models, for people and machines.
export {
  type Alteration,
  type BehaviourDiff,
  behaviourDiff,
  type Change,
  changesOf,
  type DiffSide,
  type ProgramChanges,
} from "./changes.ts";
export {
  compareModels,
  type LearningDifference,
  type ModelComparison,
  type ModelSide,
  termsOf,
} from "./compare-models.ts";
export type { ContentChange } from "./contents.ts";
export { BEHAVIOUR_KINDS, type BehaviourKind, KIND_WORDS, kindOf } from "./kinds.ts";
export {
  type Behaviour,
  type NamedBehaviours,
  type NamedRecord,
  nameRecords,
  shownEvent,
} from "./named.ts";
export { namesOf, type ProgramLink, type Programs } from "./programs.ts";
export { type Risk, riskOf } from "./risk.ts";
export { MAX_SARIF_RESULTS, type SarifContext, sarifOf } from "./sarif.ts";
