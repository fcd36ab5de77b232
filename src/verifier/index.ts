// SPDX-License-Identifier: Apache-2.0
// The verifier on a host: its files. The service has a door of its own, service/index.ts, because it loads more.
export {
  readBrought,
  readBytes,
  readCoefficients,
  readPolicyFile,
  VERIFY_CRYPTO,
  VerifierFileError,
} from "./files.ts";
