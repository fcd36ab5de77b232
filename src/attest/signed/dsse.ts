// SPDX-License-Identifier: Apache-2.0
// DSSE envelopes (github.com/secure-systems-lab/dsse, version 1.0): bytes, what they are, and who signed both. The payload is handed on as
// the bytes that were signed, so nobody has to write it anew to check it.
import * as z from "zod/mini";
import {
  MAX_ENVELOPE_CHARS,
  MAX_KEYID_CHARS,
  MAX_PAYLOAD_BYTES,
  MAX_SIGNATURE_BYTES,
  MAX_SIGNATURES,
  MAX_TYPE_CHARS,
  MAX_UNNAMED_SIGNATURES,
} from "./limits.ts";
import { firstWords } from "../encoding/schema-words.ts";
import { SignatureError } from "./errors.ts";
import { base64OfBytes, bytesOfBase64 } from "../encoding/strict-base64.ts";
import { parseStrictJson } from "../encoding/strict-json.ts";

export interface EnvelopeSignature {
  /** Which key it claims to be of: nobody has signed that. */
  readonly keyid?: string;
  readonly sig: Uint8Array;
}

export interface Envelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signatures: readonly EnvelopeSignature[];
}

/** The members of the JSON form. */
export interface EnvelopeJson {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly keyid?: string; readonly sig: string }[];
}

/** The bytes that a signature covers: PAE, the pre-authentication encoding. */
export function signedBytesOf({
  payloadType,
  payload,
}: Pick<Envelope, "payloadType" | "payload">): Uint8Array {
  const encoder = new TextEncoder();
  const type = encoder.encode(payloadType);
  const head = encoder.encode(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `);
  const bytes = new Uint8Array(head.length + payload.length);
  bytes.set(head);
  bytes.set(payload, head.length);
  return bytes;
}

let made: z.ZodMiniType<EnvelopeJson> | undefined;

/** The shape of an envelope; also of the one in a Sigstore bundle. Made when it is asked for. */
export function envelopeSchema(): z.ZodMiniType<EnvelopeJson> {
  made ??= z.strictObject({
    payload: z.string(),
    payloadType: z.string().check(z.minLength(1), z.maxLength(MAX_TYPE_CHARS), z.regex(/^[!-~]+$/)),
    signatures: z
      .array(
        z.strictObject({
          keyid: z.exactOptional(z.string().check(z.maxLength(MAX_KEYID_CHARS))),
          sig: z.string().check(z.minLength(1), z.maxLength(MAX_SIGNATURE_BYTES * 2)),
        }),
      )
      .check(z.minLength(1), z.maxLength(MAX_SIGNATURES)),
  });
  return made;
}

/**
 * Reads an envelope. It says nothing of whether its signatures are good.
 * @param name of the thing, for messages; shown as it is
 * @throws SignatureError TOO_LARGE, BAD_JSON, BAD_ENVELOPE
 */
export function readEnvelope(text: string, name: string): Envelope {
  refuseTooLong(text, name);
  return envelopeOf(parseStrictJson(text, name), name);
}

/** @throws SignatureError TOO_LARGE */
export function refuseTooLong(text: string, name: string): void {
  if (text.length <= MAX_ENVELOPE_CHARS) return;
  const problem = `${name} has ${text.length} characters, at most ${MAX_ENVELOPE_CHARS} are read`;
  throw new SignatureError("TOO_LARGE", problem);
}

/** As `readEnvelope`, of what was JSON. @throws SignatureError TOO_LARGE, BAD_ENVELOPE */
export function envelopeOf(value: unknown, name: string): Envelope {
  const result = envelopeSchema().safeParse(value);
  if (!result.success) {
    const problem = `${name} is no DSSE envelope: ${firstWords(result.error, value)}`;
    throw new SignatureError("BAD_ENVELOPE", problem);
  }
  const { payload, payloadType, signatures } = result.data;
  const bytes = decoded(payload, `${name}: its payload`);
  if (bytes.length > MAX_PAYLOAD_BYTES) {
    const problem = `${name} holds ${bytes.length} bytes, at most ${MAX_PAYLOAD_BYTES} are read`;
    throw new SignatureError("TOO_LARGE", problem);
  }
  const unnamed = signatures.filter(({ keyid = "" }) => keyid === "").length;
  if (unnamed > MAX_UNNAMED_SIGNATURES) {
    const problem = `${name} has ${unnamed} signatures without a keyid, at most ${MAX_UNNAMED_SIGNATURES} are tried`;
    throw new SignatureError("TOO_LARGE", problem);
  }
  return {
    payloadType,
    payload: bytes,
    signatures: signatures.map(({ keyid, sig }, i) => ({
      // An empty one is what some tools write for none.
      ...(keyid !== undefined && keyid !== "" && { keyid }),
      sig: signatureBytes(sig, `${name}: signature ${i + 1}`),
    })),
  };
}

function signatureBytes(text: string, name: string): Uint8Array {
  const bytes = decoded(text, name);
  if (bytes.length > 0 && bytes.length <= MAX_SIGNATURE_BYTES) return bytes;
  throw new SignatureError("BAD_ENVELOPE", `${name} has ${bytes.length} bytes`);
}

function decoded(text: string, name: string): Uint8Array {
  try {
    return bytesOfBase64(text);
  } catch (cause) {
    if (!(cause instanceof SignatureError)) throw cause;
    throw new SignatureError("BAD_ENVELOPE", `${name} ${cause.message}`, { cause });
  }
}

/** The JSON form. @throws SignatureError TOO_LARGE, BAD_ENVELOPE: beyond a limit of readers */
export function envelopeJson({ payload, payloadType, signatures }: Envelope): EnvelopeJson {
  if (payload.length > MAX_PAYLOAD_BYTES) {
    const problem = `${payload.length} bytes are more than an envelope holds (${MAX_PAYLOAD_BYTES})`;
    throw new SignatureError("TOO_LARGE", problem);
  }
  const json = {
    payload: base64OfBytes(payload),
    payloadType,
    signatures: signatures.map(({ keyid, sig }) => ({
      ...(keyid !== undefined && { keyid }),
      sig: base64OfBytes(sig),
    })),
  };
  const result = envelopeSchema().safeParse(json);
  if (result.success) return json;
  const problem = `this would be no envelope: ${firstWords(result.error, json)}`;
  throw new SignatureError("BAD_ENVELOPE", problem);
}

/** JSON text and a newline. @throws SignatureError TOO_LARGE, BAD_ENVELOPE */
export function writeEnvelope(envelope: Envelope): string {
  return `${JSON.stringify(envelopeJson(envelope))}\n`;
}
