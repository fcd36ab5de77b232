// SPDX-License-Identifier: Apache-2.0
// Evidence verified in this page, by the code of `galgo verify-evidence`: whoever does not believe the server only has to believe the page.
// It is loaded when it is wanted.
import { looksSigned } from "../../../attest/signed/sigstore-bundle.ts";
import {
  readVerifierPolicy,
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
  const models = Object.entries(given.files)
    .filter(([, text]) => looksSigned(text))
    .map(([name, text]) => ({ name: quote(name), text }));
  return await verifyEvidence({ token, nonce, policy, now: at, models }, webVerifyCrypto);
}
