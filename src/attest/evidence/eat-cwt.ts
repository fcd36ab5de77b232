// SPDX-License-Identifier: Apache-2.0
// Evidence as an Entity Attestation Token in CBOR: a CWT (RFC 8392) in a COSE_Sign1, for links that are narrow. Algorithm, key and type
// stand in the protected header; there is no other.
import { encodeCbor } from "./cbor-write.ts";
import type { CborMap } from "./cbor.ts";
import { evidenceFromCbor, evidenceToCbor } from "./claims.ts";
import {
  cbor,
  encodeSign1,
  HEADER_ALG,
  HEADER_KID,
  HEADER_TYP,
  parseSign1,
  toBeSigned,
} from "./cose.ts";
import type { OpenedEvidence } from "./eat-jwt.ts";
import { TokenError } from "./errors.ts";
import { refusedAlgorithm } from "./jws.ts";
import { algorithmOfCose, isKid, TOKEN_ALGORITHMS } from "./token-keys.ts";
import type { TokenKeys, TokenSignature, TokenSigner } from "./token-keys.ts";
import { checkSignature, signedBy } from "./token-signature.ts";
import type { Evidence } from "./types.ts";

export const EAT_CWT_TYPE = "application/eat+cwt";

const HEADER_SIZE = 3;

/** The token. @throws TokenError BAD_CLAIMS, BAD_HEADER, BAD_SIGNATURE, TOO_LARGE */
export async function signEatCwt(evidence: Evidence, signer: TokenSigner): Promise<Uint8Array> {
  const payload = evidenceToCbor(evidence);
  const header: CborMap = new Map<number, string | number | Uint8Array>([
    [HEADER_ALG, TOKEN_ALGORITHMS[signer.alg].cose],
    [HEADER_KID, new TextEncoder().encode(signer.kid)],
    [HEADER_TYP, EAT_CWT_TYPE],
  ]);
  readHeader(header);
  const protectedBytes = encodeCbor(header);
  const signature = await signedBy(signer, toBeSigned({ protectedBytes, payload }));
  return encodeSign1({ protectedBytes, payload, signature });
}

/** Evidence signed by a trusted key. Whether it is fresh and good is another question. @throws TokenError */
export async function openEatCwt(token: Uint8Array, keys: TokenKeys): Promise<OpenedEvidence> {
  const message = parseSign1(token);
  const by = readHeader(message.protectedHeader);
  if (message.unprotectedHeader.size > 0) {
    throw new TokenError("BAD_HEADER", "the token has headers that are not signed");
  }
  const { signature } = message;
  await checkSignature(by, { data: toBeSigned(message), signature }, keys);
  return { evidence: evidenceFromCbor(cbor(message.payload, "the claims")), signature: by };
}

function readHeader(header: CborMap): TokenSignature {
  const id = header.get(HEADER_ALG);
  const alg = algorithmOfCose(id);
  if (alg === undefined) throw refusedAlgorithm(id);
  const typ = header.get(HEADER_TYP);
  if (typ !== EAT_CWT_TYPE) {
    throw new TokenError("BAD_HEADER", `the typ of the token is not ${EAT_CWT_TYPE}`);
  }
  const bytes = header.get(HEADER_KID);
  // bytes over 127 become characters that no kid has
  const kid = bytes instanceof Uint8Array ? String.fromCharCode(...bytes) : undefined;
  if (!isKid(kid)) throw new TokenError("BAD_HEADER", "the header names no key (kid)");
  if (header.size !== HEADER_SIZE) {
    throw new TokenError("BAD_HEADER", "the header has members besides alg, kid and typ");
  }
  return { alg, kid };
}
