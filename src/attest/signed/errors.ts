// SPDX-License-Identifier: Apache-2.0
// What goes wrong with signed things before anybody can say whether they are to be trusted.
import { CodedError } from "../../base/errors.ts";

/**
 * TOO_LARGE: beyond a limit. BAD_JSON: not JSON, or JSON that two readers may read differently. BAD_BASE64: not base64 as it has to be.
 * BAD_ENVELOPE: no DSSE envelope or Sigstore bundle. BAD_STATEMENT: no in-toto statement about a model. BAD_KEY: no key that can be
 * used for this. BAD_POLICY: no trust policy. BAD_SIGNATURE_FORM: the bytes are no signature of this kind.
 */
export type SignatureErrorCode =
  | "TOO_LARGE"
  | "BAD_JSON"
  | "BAD_BASE64"
  | "BAD_ENVELOPE"
  | "BAD_STATEMENT"
  | "BAD_KEY"
  | "BAD_POLICY"
  | "BAD_SIGNATURE_FORM";

export class SignatureError extends CodedError<SignatureErrorCode> {}
