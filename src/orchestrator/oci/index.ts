// SPDX-License-Identifier: Apache-2.0
// Models in registries of containers: OCI distribution 1.1.
export { credentialFiles, type Credentials, credentialsFor } from "./credentials.ts";
export { OciError } from "./errors.ts";
export { ENVELOPE_TYPE, MODEL_TYPE } from "./manifest.ts";
export { pullModel, type PullRequest, type PullResult } from "./pull.ts";
export {
  type AccessOptions,
  pushModel,
  type PushRequest,
  type PushResult,
} from "./push.ts";
export { parseReference, type Reference, referenceText } from "./reference.ts";
