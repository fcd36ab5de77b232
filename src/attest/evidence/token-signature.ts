// SPDX-License-Identifier: Apache-2.0
// Making and checking the signature of a token, the same for both kinds.
import { quote } from "../../base/quote.ts";
import { TokenError } from "./errors.ts";
import { TOKEN_ALGORITHMS } from "./token-keys.ts";
import type { TokenKeys, TokenSignature, TokenSigner } from "./token-keys.ts";

/** @throws TokenError BAD_SIGNATURE when the signer gives what is none of its algorithm */
export async function signedBy(signer: TokenSigner, data: Uint8Array): Promise<Uint8Array> {
  const signature = await signer.sign(data);
  const { signatureBytes } = TOKEN_ALGORITHMS[signer.alg];
  if (signature.length === signatureBytes) return signature;
  throw new TokenError(
    "BAD_SIGNATURE",
    `the key ${quote(signer.kid)} gave ${signature.length} bytes, a signature of ${signer.alg} has ${signatureBytes}`,
  );
}

export interface Signed {
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

/** @throws TokenError UNKNOWN_KEY, ALGORITHM_REFUSED, BAD_SIGNATURE */
export async function checkSignature(
  { alg, kid }: TokenSignature,
  { data, signature }: Signed,
  keys: TokenKeys,
): Promise<void> {
  const key = keys.find(kid);
  if (key === undefined) {
    throw new TokenError("UNKNOWN_KEY", `no key ${quote(kid)} is trusted`);
  }
  if (key.alg !== alg) {
    throw new TokenError(
      "ALGORITHM_REFUSED",
      `the key ${quote(kid)} signs with ${key.alg}, the token says ${alg}`,
    );
  }
  const right =
    signature.length === TOKEN_ALGORITHMS[alg].signatureBytes &&
    (await key.verify(data, signature));
  if (right) return;
  throw new TokenError(
    "BAD_SIGNATURE",
    `the signature is not that of the key ${quote(kid)} over this token`,
  );
}
