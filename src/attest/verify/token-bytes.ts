// SPDX-License-Identifier: Apache-2.0
// What kind of token a file or a message holds: a JWT, a CWT, or the text of a CWT in base64url.
import { decodeBase64url } from "../evidence/index.ts";

/** A JWT's three parts, or anything that is as nearly one that the reader of JWTs should say what is wrong with it. */
const JWT = /^[A-Za-z0-9_=+/-]*\.[A-Za-z0-9_=+/-]*\.[A-Za-z0-9_=+/.-]*$/;
/** How the header of every JWT begins: of one that was cut off too. */
const JWT_START = /^eyJ[A-Za-z0-9_=+/.-]*$/;
const TEXT = /^[A-Za-z0-9_-]+$/;
/** Tag of COSE_Sign1, as the first byte: what each CWT of ours begins with. */
const SIGN1 = 0xd2;

/** Whether it is, by its look, evidence and not another file. Anything else is for other readers. */
export function looksLikeToken(bytes: Uint8Array): boolean {
  if (bytes[0] === SIGN1) return true;
  const text = textOf(bytes) ?? "";
  return JWT.test(text) || JWT_START.test(text) || isCwtText(text);
}

/** The token in a file: the end of its last line is no part of it. What is no token is refused by whoever reads it as one. */
export function tokenOfBytes(bytes: Uint8Array): string | Uint8Array {
  if (bytes[0] === SIGN1) return bytes;
  const text = textOf(bytes) ?? "";
  return isCwtText(text) ? (decodeBase64url(text) ?? text) : text;
}

function isCwtText(text: string): boolean {
  return TEXT.test(text) && decodeBase64url(text)?.[0] === SIGN1;
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(bytes)
      .replace(/\r?\n$/, "");
  } catch {
    return undefined;
  }
}
