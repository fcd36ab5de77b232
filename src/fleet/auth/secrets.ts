// SPDX-License-Identifier: Apache-2.0
// Random secrets and how they are kept: the database holds digests only, so that who reads it can log in as nobody.
import { createHmac, hash, randomBytes, timingSafeEqual } from "node:crypto";

const SECRET_BYTES = 32;
const ID_BYTES = 17;
const ID_CHARS = 26;
const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

/** 256 random bits, base64url. */
export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString("base64url");
}

/** 130 random bits as 26 base32 characters: an id that is no secret. */
export function newId(): string {
  let bits = 0n;
  for (const byte of randomBytes(ID_BYTES)) bits = (bits << 8n) | BigInt(byte);
  let text = "";
  for (let i = 0; i < ID_CHARS; i++) {
    text += BASE32.charAt(Number(bits & 31n));
    bits >>= 5n;
  }
  return text;
}

/** What is kept of a secret with 256 random bits: nobody can guess it, so no salt and no slow digest is wanted. */
export function digestOf(secret: string): string {
  return hash("sha256", secret, "hex");
}

/** The second token of a session, which pages of other sites can not know. It follows from the first and tells nothing of it. */
export function csrfOf(session: string): string {
  return createHmac("sha256", session).update("galgo fleet csrf").digest("base64url");
}

/** Whether two texts are the same, in a time that does not tell where they differ. */
export function sameSecret(given: string, known: string): boolean {
  const [a, b] = [hash("sha256", given, "buffer"), hash("sha256", known, "buffer")];
  return timingSafeEqual(a, b);
}
