// SPDX-License-Identifier: Apache-2.0
// Security models: mapping of events to coefficients, the model's state machine, profiles, model files and what is done with them.
// runtime/index.ts is the smaller door for what only decides events.
export {
  checkRequirements,
  completenessOf,
  type CompletenessSource,
} from "./completeness/completeness.ts";
export { MAX_TEST_NAME_CHARS, MAX_TESTS } from "./completeness/completeness-limits.ts";
export {
  chanceOfNew,
  expectedInNextRun,
  neverSeen,
  runsAt,
} from "./completeness/completeness-estimates.ts";
export {
  ACTIVITY_KINDS,
  type ActivityKind,
  type CompletenessDetails,
} from "./completeness/completeness-types.ts";
export {
  describeDifferences,
  diffModels,
  type ModelDiff,
  type ModelDifference,
} from "./diff/terms.ts";
export { ModelError, type ModelErrorCode } from "./errors.ts";
export { expectedEvents } from "./rules/expected.ts";
export { DIGEST_NAMES, DIGEST_SIZES, type DigestName, type Hasher } from "./hasher.ts";
export { type IdentityRecord, namePrograms } from "./learning/identities.ts";
export type { Varying } from "./learning/generalise/find-rules.ts";
export {
  NO_SEQUENCE,
  scorersOf,
  type WorkloadScorers,
  type WorkloadSequences,
} from "./learning/sequences.ts";
export { type LearnedModel, type LearnOptions, modelFromRuns } from "./learning/learn.ts";
export {
  type LearnedRecord,
  type LearningRun,
  learningRun,
  type MappedPoint,
  type MappedRun,
  type RunFacts,
  type RunSequence,
} from "./learning/learning-run.ts";
export {
  LINT_CODES,
  type LintCode,
  type LintFinding,
  type LintKnowledge,
  lintModel,
  type Readiness,
  readiness,
} from "./lint/lint.ts";
export { carriedOver, type MappedRuns, mapRuns } from "./learning/map-runs.ts";
export { createMapper, type EventMapper, typeOf } from "./mapper.ts";
export { MAPPING_NAMES, type MappingName } from "./mapping-names.ts";
export {
  type MergedTerms,
  type MergeOptions,
  mergedTerms,
  mergeModels,
  requirementsOf,
} from "./learning/merge.ts";
export {
  createModel,
  type Model,
  type ModelCounts,
  type ModelOptions,
  type PointObserver,
  type SecurityPoint,
} from "./model.ts";
export {
  type ParseOptions,
  parseWorkloadModel,
  stringifyWorkloadModel,
} from "./file/model-file.ts";
export { workloadModelJsonSchema } from "./file/model-schema.ts";
export {
  fromTextModel,
  type ModelLoss,
  modelOfText,
  type TextTerms,
  toTextModel,
} from "./text/convert.ts";
export { readTextModel, type TextReading, type TextReadOptions } from "./text/read.ts";
export type { SignatureCheck, TextModel, TextSigner, TextWarning } from "./text/text-model.ts";
export { writeTextModel } from "./text/write.ts";
export { type Nearest, nearestBehaviours } from "./nearest.ts";
export { ANYBODY, matchesTemplate, type NameUser } from "./template/match.ts";
export { compareTemplates } from "./template/order.ts";
export {
  parseTemplate,
  printTemplate,
  rewrittenForm,
  type Template,
} from "./template/template.ts";
export { programName } from "./rules/path-rules.ts";
export { createProfile, type Profile } from "./rules/profile.ts";
export {
  type Amendments,
  amended,
  type Promotion,
  promoted,
} from "./file/provenance.ts";
export { applyPseudonyms, pseudonymOf } from "./pseudonym.ts";
export { parseRequirement, type Requirement } from "./completeness/requirement.ts";
export { ruleFault, ruleListFaults } from "./rules/rule-faults.ts";
export { parseRule, printRule, RULE_FORMS, withAskedRules } from "./rules/rule-text.ts";
export { refuseTooWide } from "./rules/too-wide.ts";
export { describeGrounds, describeRule } from "./rules/rule-words.ts";
export {
  ADDRESS_USES,
  type AddressUse,
  BUILTIN_PROFILES,
  compareRules,
  type HostClassRule,
  isOwnRule,
  type NoDigestRule,
  type NoProgramDigestRule,
  type OwnRule,
  type PathTemplateRule,
  type PortClassRule,
  type ProfileSpec,
  type RuleEvidence,
  type RuleGrounds,
  type RuleSpec,
  rulesFit,
  type ValueClassRule,
  isAsked,
} from "./rules/rules.ts";
export {
  type Completeness,
  canonicalBytes,
  type ModelContent,
  type ModelFidelity,
  makeWorkloadModel,
  modelDigest,
  stateOf,
  type WorkloadModel,
  type WorkloadModelSpec,
} from "./file/workload-model.ts";
export { type SensorFidelity, type Weakness, weaknessesOf } from "./weaknesses.ts";
