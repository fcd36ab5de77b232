// SPDX-License-Identifier: Apache-2.0
// The part of the model stage that decides events. No schema library is loaded behind this door: worker threads and agents use it.
export { ModelError, type ModelErrorCode } from "../errors.ts";
export { namePrograms } from "../learning/identities.ts";
export { DIGEST_NAMES, DIGEST_SIZES, type DigestName, type Hasher } from "../hasher.ts";
export { carriedOver } from "../learning/map-runs.ts";
export { createMapper, type EventMapper, typeOf } from "../mapper.ts";
export { MAPPING_NAMES, type MappingName } from "../mapping-names.ts";
export {
  beginModel,
  createModel,
  type Model,
  type ModelCounts,
  type ModelOptions,
  type PointObserver,
  type SecurityPoint,
} from "../model.ts";
export { programName } from "../rules/path-rules.ts";
export { createProfile, type Profile } from "../rules/profile.ts";
export { applyPseudonyms, pseudonymOf } from "../pseudonym.ts";
export { describeRule } from "../rules/rule-words.ts";
export {
  BUILTIN_PROFILES,
  type ProfileSpec,
  type RuleSpec,
  rulesFit,
} from "../rules/rules.ts";
export { MAX_TEST_NAME_CHARS, MAX_TESTS } from "../completeness/completeness-limits.ts";
export { isProgramUse } from "../rules/file-use.ts";
