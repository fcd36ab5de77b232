// SPDX-License-Identifier: Apache-2.0
// COSE_Sign1 (RFC 9052, 4.2): its parts, and what is signed.
import { CborError } from "./cbor.ts";
import type { CborMap, CborValue } from "./cbor.ts";
import { decodeCbor } from "./cbor-read.ts";
import { encodeCbor } from "./cbor-write.ts";
import { TokenError } from "./errors.ts";
import { MAX_HEADER_BYTES, MAX_TOKEN_BYTES } from "./limits.ts";

/** Tag of a COSE_Sign1. */
const SIGN1 = 18;
const NOTHING = new Uint8Array(0);
const NO_HEADER: CborMap = new Map();

/** Labels of headers: RFC 9052, 3.1 and RFC 9596. */
export const HEADER_ALG = 1;
export const HEADER_KID = 4;
export const HEADER_TYP = 16;

export interface Sign1 {
  /** As they were signed. */
  readonly protectedBytes: Uint8Array;
  readonly protectedHeader: CborMap;
  readonly unprotectedHeader: CborMap;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

/** What the signature is over (RFC 9052, 4.4). */
export function toBeSigned(
  { protectedBytes, payload }: Pick<Sign1, "protectedBytes" | "payload">,
  externalData: Uint8Array = NOTHING,
): Uint8Array {
  return encodeCbor(["Signature1", protectedBytes, externalData, payload]);
}

/** The bytes of a message without unprotected headers. @throws TokenError TOO_LARGE */
export function encodeSign1({
  protectedBytes,
  payload,
  signature,
}: Pick<Sign1, "protectedBytes" | "payload" | "signature">): Uint8Array {
  const bytes = encodeCbor({
    tag: SIGN1,
    value: [protectedBytes, NO_HEADER, payload, signature],
  });
  checkSize(bytes);
  return bytes;
}

/** The parts of a message; nothing is verified. @throws TokenError TOO_LARGE, MALFORMED, BAD_HEADER */
export function parseSign1(bytes: Uint8Array): Sign1 {
  checkSize(bytes);
  const message = cbor(bytes, "the token");
  if (!isTagged(message) || message.tag !== SIGN1 || !Array.isArray(message.value)) {
    throw new TokenError("MALFORMED", "not a COSE_Sign1 message with its tag");
  }
  const parts: readonly CborValue[] = message.value;
  const [protectedBytes, unprotectedHeader, payload, signature] = parts;
  if (
    parts.length !== 4 ||
    !(protectedBytes instanceof Uint8Array) ||
    !(unprotectedHeader instanceof Map) ||
    !(payload instanceof Uint8Array) ||
    !(signature instanceof Uint8Array)
  ) {
    throw new TokenError("MALFORMED", "a COSE_Sign1 has four parts, and its payload inside");
  }
  const protectedHeader = headerOf(protectedBytes);
  return {
    // RFC 9052, 4.4: an empty map is signed as no bytes
    protectedBytes: protectedHeader.size === 0 ? NOTHING : protectedBytes,
    protectedHeader,
    unprotectedHeader,
    payload,
    signature,
  };
}

/** The value that is all of `bytes`. @throws TokenError MALFORMED */
export function cbor(bytes: Uint8Array, what: string): CborValue {
  try {
    return decodeCbor(bytes);
  } catch (error) {
    if (!(error instanceof CborError)) throw error;
    throw new TokenError("MALFORMED", `${what}: ${error.message}`, { cause: error });
  }
}

function headerOf(bytes: Uint8Array): CborMap {
  if (bytes.length > MAX_HEADER_BYTES) {
    throw new TokenError(
      "BAD_HEADER",
      `a header of ${bytes.length} bytes; at most ${MAX_HEADER_BYTES}`,
    );
  }
  if (bytes.length === 0) return NO_HEADER;
  const header = cbor(bytes, "the header of the token");
  if (header instanceof Map) return header;
  throw new TokenError("BAD_HEADER", "the header of the token is not a map");
}

function isTagged(value: CborValue): value is Extract<CborValue, { readonly tag: number }> {
  return typeof value === "object" && value !== null && "tag" in value;
}

function checkSize(bytes: Uint8Array): void {
  if (bytes.length <= MAX_TOKEN_BYTES) return;
  throw new TokenError(
    "TOO_LARGE",
    `a token of ${bytes.length} bytes; at most ${MAX_TOKEN_BYTES} are read`,
  );
}
