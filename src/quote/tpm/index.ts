// SPDX-License-Identifier: Apache-2.0
// Talking to a TPM 2.0.
export { readEndorsementCertificate } from "./endorsement-certificate.ts";
export { answerChallenge, enrollmentOf } from "./enroll.ts";
export { TpmError, TpmRefusal } from "./errors.ts";
export { type TpmFacts, tpmFacts } from "./facts.ts";
export { nodeTpmCrypto } from "./node-crypto.ts";
export type { ExtenderOptions, ExtenderState } from "./pcr-extender.ts";
export { PcrExtender } from "./pcr-extender.ts";
export { TpmPlatform, type TpmPlatformOptions } from "./platform.ts";
export type { QuotedValues } from "./quote-values.ts";
export { quoteValues } from "./quote-values.ts";
export type { ResponseWords } from "./response-codes.ts";
export { describeResponse } from "./response-codes.ts";
export type { KeyFamily } from "./templates.ts";
export type { KeyNames, LoadedKey, QuoteBytes } from "./tpm.ts";
export { Tpm } from "./tpm.ts";
export { DEFAULT_TPM, openTransport } from "./transport.ts";
export type { Transport } from "./transport-type.ts";
