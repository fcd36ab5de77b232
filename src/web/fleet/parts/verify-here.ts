// SPDX-License-Identifier: Apache-2.0
// Evidence verified in this page, by the code of `galgo verify-evidence`: whoever does not believe the server only has to believe the page.
// It is loaded when it is wanted.
import { bytesOfBase64Url } from "../../../attest/encoding/strict-base64.ts";
import {
  readVerifierPolicy,
  type VerifyCase,
  verifyEvidence,
  type VerifyResult,
} from "../../../attest/verify/index.ts";
import { CodedError } from "../../../base/errors.ts";
import { quote } from "../../../base/quote.ts";
import type { AttestationRow } from "../api/types.ts";
import { webVerifyCrypto } from "../../verify/crypto.ts";

class MissingFileError extends CodedError<"MISSING_FILE"> {}

/** As of when the evidence came. @throws VerifyError, SignatureError: the policy can not be used */
export async function verifyHere(row: AttestationRow): Promise<VerifyResult | undefined> {
  const { policy: given, token, nonce, at } = row;
  if (given === undefined) return undefined;
  const file = (name: string): string => {
    const text = Object.hasOwn(given.files, name) ? given.files[name] : undefined;
    if (text !== undefined) return text;
    throw new MissingFileError(
      "MISSING_FILE",
      `the policy names ${quote(name)}, which the server has not sent`,
    );
  };
  const policy = readVerifierPolicy(given.text, {
    name: quote(given.name),
    crypto: webVerifyCrypto,
    file,
  });
  const run = row.workload.slice(row.workload.indexOf("~") + 1);
  const asked: VerifyCase = {
    token: received(token),
    nonce,
    policy,
    now: at,
    workload: { id: run },
  };
  return await verifyEvidence(asked, webVerifyCrypto);
}

/** A CWT is told as base64url of its bytes; a JWT has dots. */
function received(token: string): string | Uint8Array {
  return token.includes(".") ? token : bytesOfBase64Url(token);
}
