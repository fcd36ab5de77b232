// SPDX-License-Identifier: Apache-2.0
// Public keys from their numbers: JWK (RFC 7517, 7518, 8037), as tokens have them, and the same for what a TPM says of its keys.
import * as z from "zod/mini";
import { hexToBytes } from "../../base/hex.ts";
import { DER_TAGS } from "../encoding/der.ts";
import { derInteger, derValue } from "../encoding/der-write.ts";
import { type PublicKey, publicKeyOfSpki, type Verifier } from "./keys.ts";
import { firstWords } from "../encoding/schema-words.ts";
import { SignatureError } from "../signed/errors.ts";
import { MAX_SPKI_BYTES } from "../signed/limits.ts";
import { bytesOfBase64Url } from "../encoding/strict-base64.ts";

/** The numbers of a public key, big-endian. */
export type KeyNumbers =
  | { readonly kind: "ed25519"; readonly x: Uint8Array }
  | { readonly kind: "p256" | "p384"; readonly x: Uint8Array; readonly y: Uint8Array }
  | { readonly kind: "rsa"; readonly n: Uint8Array; readonly e: Uint8Array };

const { sequence, oid, bitString, null: nothing } = DER_TAGS;
const WHOLE_BYTES = Uint8Array.of(0);
const UNCOMPRESSED = Uint8Array.of(4);
const ALGORITHMS = {
  ed25519: derValue(sequence, derValue(oid, hexToBytes("2b6570"))),
  p256: ecAlgorithm("2a8648ce3d030107"),
  p384: ecAlgorithm("2b81040022"),
  rsa: derValue(sequence, derValue(oid, hexToBytes("2a864886f70d010101")), derValue(nothing)),
} as const;
const FIELD_BYTES = { ed25519: 32, p256: 32, p384: 48 } as const;

function ecAlgorithm(curve: string): Uint8Array {
  const ec = derValue(oid, hexToBytes("2a8648ce3d0201"));
  return derValue(sequence, ec, derValue(oid, hexToBytes(curve)));
}

/**
 * The key with these numbers. Whether a point is on its curve is for who verifies with it.
 * @param name of the thing, for messages; shown as it is
 * @throws SignatureError BAD_KEY
 */
export function publicKeyOfNumbers(
  numbers: KeyNumbers,
  verifier: Pick<Verifier, "digest">,
  name: string,
): PublicKey {
  const spki = derValue(
    sequence,
    ALGORITHMS[numbers.kind],
    derValue(bitString, WHOLE_BYTES, ...contents(numbers, name)),
  );
  return publicKeyOfSpki(spki, verifier, name);
}

function contents(numbers: KeyNumbers, name: string): readonly Uint8Array[] {
  switch (numbers.kind) {
    case "rsa":
      return [derValue(sequence, derInteger(numbers.n), derInteger(numbers.e))];
    case "ed25519":
      return [sized(numbers.x, FIELD_BYTES.ed25519, name)];
    default: {
      const size = FIELD_BYTES[numbers.kind];
      return [UNCOMPRESSED, sized(numbers.x, size, name), sized(numbers.y, size, name)];
    }
  }
}

function sized(bytes: Uint8Array, size: number, name: string): Uint8Array {
  if (bytes.length === size) return bytes;
  const problem = `${name}: a number of the key has ${bytes.length} bytes, wanted are ${size}`;
  throw new SignatureError("BAD_KEY", problem);
}

const KINDS = { "P-256": "p256", "P-384": "p384" } as const;

function jwkSchema() {
  const number = z.string().check(z.minLength(1), z.maxLength(MAX_SPKI_BYTES));
  // A private key is refused aloud: it should not have come here.
  const open = { d: z.exactOptional(z.never("is private: only the public key belongs here")) };
  return z.discriminatedUnion("kty", [
    z.object({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: number, ...open }),
    z.object({
      kty: z.literal("EC"),
      crv: z.enum(["P-256", "P-384"]),
      x: number,
      y: number,
      ...open,
    }),
    z.object({ kty: z.literal("RSA"), n: number, e: number, ...open }),
  ]);
}

let made: ReturnType<typeof jwkSchema> | undefined;

/**
 * The public key of a JWK. Members that say what it is used for are passed over: that follows from its kind.
 * @param name of the thing, for messages; shown as it is
 * @throws SignatureError BAD_KEY
 */
export function publicKeyOfJwk(
  jwk: unknown,
  verifier: Pick<Verifier, "digest">,
  name: string,
): PublicKey {
  made ??= jwkSchema();
  const result = made.safeParse(jwk);
  if (!result.success) {
    const problem = `${name} is no JWK that is used here: ${firstWords(result.error, jwk)}`;
    throw new SignatureError("BAD_KEY", problem);
  }
  const key = result.data;
  const number = (text: string): Uint8Array => numberOf(text, name);
  switch (key.kty) {
    case "OKP":
      return publicKeyOfNumbers({ kind: "ed25519", x: number(key.x) }, verifier, name);
    case "EC": {
      const numbers = { kind: KINDS[key.crv], x: number(key.x), y: number(key.y) };
      return publicKeyOfNumbers(numbers, verifier, name);
    }
    case "RSA":
      return publicKeyOfNumbers(
        { kind: "rsa", n: number(key.n), e: number(key.e) },
        verifier,
        name,
      );
  }
}

function numberOf(text: string, name: string): Uint8Array {
  try {
    return bytesOfBase64Url(text);
  } catch (cause) {
    throw new SignatureError("BAD_KEY", `${name}: a number of the key is not base64url`, { cause });
  }
}
