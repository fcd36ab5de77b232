// SPDX-License-Identifier: Apache-2.0
// JSON Web Signatures (RFC 7515) in compact form, with one header: alg, kid and typ, and nothing that a reader would have to understand.
import { quote } from "../../base/quote.ts";
import { decodeBase64url, encodeBase64url } from "../encoding/strict-base64.ts";
import { decodeJson, encodeJson } from "./canonical-json.ts";
import { TokenError } from "./errors.ts";
import { MAX_HEADER_BYTES, MAX_TOKEN_BYTES } from "./limits.ts";
import { isKid, isTokenAlgorithm } from "./token-keys.ts";
import type { TokenKeys, TokenSignature, TokenSigner } from "./token-keys.ts";
import { checkSignature, signedBy } from "./token-signature.ts";

export interface OpenedToken {
  readonly payload: Uint8Array;
  readonly signature: TokenSignature;
}

const HEADER_MEMBERS = ["alg", "kid", "typ"];

/** The token. @throws TokenError BAD_HEADER, BAD_SIGNATURE, TOO_LARGE */
export async function signJws(
  payload: Uint8Array,
  typ: string,
  signer: TokenSigner,
): Promise<string> {
  const { alg, kid } = signer;
  const header = encodeJson({ alg, kid, typ });
  readHeader(header, typ);
  const signed = `${encodeBase64url(header)}.${encodeBase64url(payload)}`;
  const signature = await signedBy(signer, ascii(signed));
  const token = `${signed}.${encodeBase64url(signature)}`;
  checkSize(token);
  return token;
}

/**
 * The payload of a token whose signature is that of a trusted key. Nothing of the payload is looked at before.
 * @throws TokenError TOO_LARGE, MALFORMED, BAD_HEADER, ALGORITHM_REFUSED, UNKNOWN_KEY, BAD_SIGNATURE
 */
export async function openJws(token: string, typ: string, keys: TokenKeys): Promise<OpenedToken> {
  checkSize(token);
  const parts = token.split(".", 4);
  const [head, body, tail] = parts;
  if (parts.length !== 3 || head === undefined || body === undefined || tail === undefined) {
    throw new TokenError("MALFORMED", "a token has three parts with dots between them");
  }
  const header = part(head, "header");
  const payload = part(body, "payload");
  const signature = part(tail, "signature");
  const by = readHeader(header, typ);
  await checkSignature(by, { data: ascii(`${head}.${body}`), signature }, keys);
  return { payload, signature: by };
}

function checkSize(token: string): void {
  if (token.length <= MAX_TOKEN_BYTES) return;
  throw new TokenError(
    "TOO_LARGE",
    `a token of ${token.length} characters; at most ${MAX_TOKEN_BYTES} are read`,
  );
}

function part(text: string, name: string): Uint8Array {
  const bytes = decodeBase64url(text);
  if (bytes !== undefined) return bytes;
  throw new TokenError("MALFORMED", `the ${name} of the token is not base64url without padding`);
}

function readHeader(bytes: Uint8Array, wanted: string): TokenSignature {
  if (bytes.length > MAX_HEADER_BYTES) {
    throw new TokenError(
      "BAD_HEADER",
      `a header of ${bytes.length} bytes; at most ${MAX_HEADER_BYTES}`,
    );
  }
  const header = decodeJson(bytes, "the header of the token");
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    throw new TokenError("BAD_HEADER", "the header of the token is not an object");
  }
  const members = new Map<string, unknown>(Object.entries(header));
  // first, so that who tries "none" is told of that
  const alg = members.get("alg");
  if (!isTokenAlgorithm(alg)) throw refusedAlgorithm(alg);
  for (const name of members.keys()) {
    if (!HEADER_MEMBERS.includes(name)) {
      throw new TokenError("BAD_HEADER", `the header has the member ${quote(name, 60)}`);
    }
  }
  const typ = members.get("typ");
  if (typ !== wanted) {
    const given = typeof typ === "string" ? quote(typ, 60) : "none";
    throw new TokenError("BAD_HEADER", `the typ of the token is ${given}, not ${wanted}`);
  }
  const kid = members.get("kid");
  if (!isKid(kid)) throw new TokenError("BAD_HEADER", "the header names no key (kid)");
  return { alg, kid };
}

/** Also for the other kind of token. */
export function refusedAlgorithm(alg: unknown): TokenError {
  const named = typeof alg === "string" || typeof alg === "number";
  const given = named ? quote(String(alg), 40) : "none at all";
  return new TokenError("ALGORITHM_REFUSED", `the algorithm of the token is ${given}`);
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
