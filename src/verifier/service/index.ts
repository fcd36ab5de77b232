// SPDX-License-Identifier: Apache-2.0
// The verifier over HTTP.
export { ServiceError } from "./errors.ts";
export { type ServiceTerms, startVerifier, type VerifierService } from "./run.ts";
