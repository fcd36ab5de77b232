// SPDX-License-Identifier: Apache-2.0
// Security models: mapping of events to coefficients, the model's state machine, profiles, model files and what is done with them.
export { ModelError, type ModelErrorCode } from "./errors.ts";
export { DIGEST_NAMES, DIGEST_SIZES, type DigestName, type Hasher } from "./hasher.ts";
export { createMapper, type EventMapper, MAPPING_NAMES, type MappingName } from "./mapper.ts";
export {
  createModel,
  type Model,
  type ModelCounts,
  type ModelOptions,
  type SecurityPoint,
} from "./model.ts";
