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
