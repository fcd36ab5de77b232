// SPDX-License-Identifier: Apache-2.0
// Evidence as an Entity Attestation Token in JSON: a JWT of the type eat+jwt (RFC 9711, RFC 9782).
import { decodeJson } from "./canonical-json.ts";
import { evidenceFromJson, evidenceToJson } from "./claims.ts";
import { openJws, signJws } from "./jws.ts";
import type { TokenKeys, TokenSignature, TokenSigner } from "./token-keys.ts";
import type { Evidence } from "./types.ts";

export const EAT_JWT_TYPE = "eat+jwt";

/** Evidence, and who signed it. */
export interface OpenedEvidence {
  readonly evidence: Evidence;
  readonly signature: TokenSignature;
}

/** The token. @throws TokenError BAD_CLAIMS, BAD_HEADER, BAD_SIGNATURE, TOO_LARGE */
export async function signEatJwt(evidence: Evidence, signer: TokenSigner): Promise<string> {
  return signJws(evidenceToJson(evidence), EAT_JWT_TYPE, signer);
}

/** Evidence signed by a trusted key. Whether it is fresh and good is another question. @throws TokenError */
export async function openEatJwt(token: string, keys: TokenKeys): Promise<OpenedEvidence> {
  const { payload, signature } = await openJws(token, EAT_JWT_TYPE, keys);
  return { evidence: evidenceFromJson(decodeJson(payload, "the claims")), signature };
}
