// SPDX-License-Identifier: Apache-2.0
// The verifier on a host: its files, and the service.
export {
  readBrought,
  readBytes,
  readCoefficients,
  readPolicyFile,
  VERIFY_CRYPTO,
  VerifierFileError,
} from "./files.ts";
export { ServiceError } from "./service/errors.ts";
export { type ServiceTerms, startVerifier, type VerifierService } from "./service/run.ts";
