// SPDX-License-Identifier: Apache-2.0
// Why evidence of a confidential machine is refused.
import { CodedError } from "../../base/errors.ts";
import { DerError } from "../encoding/der.ts";

/**
 * TRUNCATED, TOO_LARGE, BAD_FORM: the bytes are no report, quote or certificate of a kind known here.
 * UNSUPPORTED: a version, key or signature kind that is not verified here.
 * BAD_CHAIN: certificates that do not lead from one to the next. UNTRUSTED_ROOT: they end at a root that is not pinned.
 * EXPIRED: a certificate is not valid (yet, any more) at the time of the check. REVOKED: a certificate is on the list of revoked ones.
 * BAD_SIGNATURE: a signature over the report, the quote or the quoting enclave is not right.
 * BAD_BINDING: the key that signed the quote is not the one that the quoting enclave vouches for.
 * WRONG_TCB, WRONG_CHIP: the certificate is of another firmware level or processor than the report. OLD_TCB: below the least level allowed.
 * DEBUG: the guest may be read by its host. WRONG_QE: made by another quoting enclave than Intel's.
 * WRONG_REPORT_DATA, WRONG_MEASUREMENT, WRONG_POLICY: not what the verifier asked for.
 */
export type CcErrorCode =
  | "TRUNCATED"
  | "TOO_LARGE"
  | "BAD_FORM"
  | "UNSUPPORTED"
  | "BAD_CHAIN"
  | "UNTRUSTED_ROOT"
  | "EXPIRED"
  | "REVOKED"
  | "BAD_SIGNATURE"
  | "BAD_BINDING"
  | "WRONG_TCB"
  | "WRONG_CHIP"
  | "OLD_TCB"
  | "DEBUG"
  | "WRONG_QE"
  | "WRONG_REPORT_DATA"
  | "WRONG_MEASUREMENT"
  | "WRONG_POLICY";

/** Evidence that is refused. The message says what was looked at and what is wrong with it. */
export class CcError extends CodedError<CcErrorCode> {}

/** The error of bytes that are no certificate. */
export function badCertificate(message: string): CcError {
  return new CcError("BAD_FORM", `certificate: ${message}`);
}

/** What `read` makes of DER that belongs to a certificate. Throws `CcError` where it throws `DerError`. */
export function ofCertificate<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof DerError)) throw cause;
    throw new CcError(cause.code, `certificate: ${cause.message}`, { cause });
  }
}
