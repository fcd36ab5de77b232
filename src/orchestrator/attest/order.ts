// SPDX-License-Identifier: Apache-2.0
// What is asked of a run, and what comes back: the same over a run's own socket and over the daemon's.
import { writeFileSync } from "node:fs";
import * as z from "zod/mini";
import { decodeBase64url, encodeBase64url } from "../../attest/evidence/index.ts";
import { MAX_NONCE_BYTES, MIN_NONCE_BYTES } from "../../attest/evidence/limits.ts";
import { quote } from "../../base/quote.ts";
import { AttestError } from "./errors.ts";

export const EVIDENCE_FORMS = ["jwt", "cwt"] as const;

/** How evidence is written: as JSON Web Token, or as CBOR Web Token. */
export type EvidenceForm = (typeof EVIDENCE_FORMS)[number];

/** A verifier's challenge. */
export interface AttestOrder {
  /** hex, lower case */
  readonly nonce: string;
  readonly form: EvidenceForm;
}

export interface AttestAnswer {
  readonly form: EvidenceForm;
  /** The token; a CWT is base64url of its bytes. */
  readonly evidence: string;
}

/** It goes to terminals as it is. */
const TOKEN: Readonly<Record<EvidenceForm, RegExp>> = {
  jwt: /^[\w-]+\.[\w-]+\.[\w-]+$/,
  cwt: /^[\w-]+$/,
};

const WORDS = `{"nonce": HEX} with ${MIN_NONCE_BYTES} to ${MAX_NONCE_BYTES} bytes, and "form": "jwt" (default) or "cwt"`;

interface Asked {
  readonly nonce: string;
  readonly form?: EvidenceForm;
}

let schema: z.ZodMiniType<Asked> | undefined;

function orderSchema(): z.ZodMiniType<Asked> {
  schema ??= z.strictObject({
    nonce: z.string(),
    form: z.optional(z.enum(EVIDENCE_FORMS)),
  }) as unknown as z.ZodMiniType<Asked>;
  return schema;
}

/** @throws AttestError BAD_ORDER */
export function parseAttestOrder(text: string): AttestOrder {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AttestError("BAD_ORDER", `the order is no JSON: ${WORDS}`);
  }
  const result = orderSchema().safeParse(value);
  if (!result.success) throw new AttestError("BAD_ORDER", `an order is ${WORDS}`);
  return { nonce: readNonce(result.data.nonce), form: result.data.form ?? "jwt" };
}

/** A nonce as evidence carries it. @throws AttestError BAD_ORDER */
export function readNonce(text: string): string {
  const [min, max] = [2 * MIN_NONCE_BYTES, 2 * MAX_NONCE_BYTES];
  const fits = text.length >= min && text.length <= max && text.length % 2 === 0;
  if (fits && /^[0-9A-Fa-f]+$/.test(text)) return text.toLowerCase();
  throw new AttestError(
    "BAD_ORDER",
    `a nonce is ${MIN_NONCE_BYTES} to ${MAX_NONCE_BYTES} bytes as hex (openssl rand -hex 32 makes one)`,
  );
}

/** @throws AttestError NO_ANSWER */
export function parseAttestAnswer(text: string, order: Pick<AttestOrder, "form">): AttestAnswer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // refused below
  }
  return attestAnswerOf(value, order);
}

/** What another process has answered, when it is a token of the form that was asked for. @throws AttestError NO_ANSWER */
export function attestAnswerOf(value: unknown, order: Pick<AttestOrder, "form">): AttestAnswer {
  const { form, evidence } = (value ?? {}) as Partial<AttestAnswer>;
  if (form === order.form && typeof evidence === "string" && TOKEN[form].test(evidence))
    return { form, evidence };
  throw new AttestError("NO_ANSWER", "what answers there is no Galgo of this version");
}

/**
 * A file with the token: text with a newline, or the bytes of a CWT.
 * @throws AttestError NOT_WRITTEN, NO_ANSWER
 */
export function writeEvidence(file: string, { form, evidence }: AttestAnswer): void {
  const content = form === "jwt" ? `${evidence}\n` : decodeBase64url(evidence);
  if (content === undefined) throw new AttestError("NO_ANSWER", "what was answered is no token");
  write(file, content);
}

/**
 * Before there is any: what the file held is gone, so that nobody takes an earlier token for this one, and it can be written.
 * @throws AttestError NOT_WRITTEN
 */
export function makeRoom(file: string): void {
  write(file, "");
}

function write(file: string, content: string | Uint8Array): void {
  try {
    writeFileSync(file, content);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new AttestError("NOT_WRITTEN", `can not write ${quote(file)} (${code})`, { cause });
  }
}

export function answerOf(form: EvidenceForm, token: string | Uint8Array): AttestAnswer {
  return { form, evidence: typeof token === "string" ? token : encodeBase64url(token) };
}
