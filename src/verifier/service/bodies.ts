// SPDX-License-Identifier: Apache-2.0
// Bodies of requests, checked once: every fault is said in one line.
import * as z from "zod/mini";
import { firstWords } from "../../attest/encoding/schema-words.ts";
import { parseStrictJson } from "../../attest/encoding/strict-json.ts";
import { SignatureError } from "../../attest/signed/errors.ts";
import {
  MAX_BROUGHT_MODELS,
  MAX_COEFFICIENTS,
  type NamedText,
  tokenOfBytes,
} from "../../attest/verify/index.ts";
import { quote } from "../../base/quote.ts";
import type { ChallengeUse } from "./challenges.ts";
import { ServiceError } from "./errors.ts";

const START_BYTES = [32, 48, 64] as const;

export interface ChallengeOrder {
  readonly use: ChallengeUse;
  /** Bytes of one to begin with: as many as the digest of the run's model has. */
  readonly bytes: number;
}

export interface EvidenceOrder {
  /** The challenge that it answers, hex. */
  readonly nonce: string;
  readonly base?: string;
  readonly token: string | Uint8Array;
  readonly workload?: string;
  readonly models: readonly NamedText[];
  readonly coefficients?: readonly string[];
}

interface EvidenceBody {
  readonly nonce: string;
  readonly evidence: string;
  readonly base?: string;
  readonly workload?: string;
  readonly models?: readonly NamedText[];
  readonly coefficients?: readonly string[];
}

function challengeSchema() {
  return z.strictObject({
    use: z.exactOptional(z.enum(["evidence", "start"])),
    bytes: z.exactOptional(z.union(START_BYTES.map((size) => z.literal(size)))),
  });
}

function evidenceSchema(): z.ZodMiniType<EvidenceBody> {
  const nonce = z
    .string()
    .check(z.regex(/^[0-9a-f]{16,128}$/, "has to be a challenge in lower-case hex"));
  const coefficient = z
    .string()
    .check(z.regex(/^(?:[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/, "has to be one in hex"));
  return z.strictObject({
    nonce,
    evidence: z.string().check(z.minLength(1)),
    base: z.exactOptional(nonce),
    workload: z.exactOptional(z.string().check(z.minLength(1), z.maxLength(256))),
    models: z.exactOptional(
      z
        .array(z.strictObject({ name: z.string().check(z.maxLength(256)), text: z.string() }))
        .check(z.maxLength(MAX_BROUGHT_MODELS)),
    ),
    coefficients: z.exactOptional(z.array(coefficient).check(z.maxLength(MAX_COEFFICIENTS))),
  });
}

let challenge: ReturnType<typeof challengeSchema> | undefined;
let evidence: z.ZodMiniType<EvidenceBody> | undefined;

/** An empty body asks for a challenge of evidence. @throws ServiceError BAD_REQUEST */
export function parseChallengeOrder(text: string): ChallengeOrder {
  challenge ??= challengeSchema();
  const { use = "evidence", bytes } = parsed(text === "" ? "{}" : text, challenge);
  if (use === "evidence" && bytes !== undefined) {
    throw new ServiceError("BAD_REQUEST", "bytes: only a challenge to begin with has a choice");
  }
  return { use, bytes: bytes ?? START_BYTES[0] };
}

/** @throws ServiceError BAD_REQUEST */
export function parseEvidenceOrder(text: string): EvidenceOrder {
  evidence ??= evidenceSchema();
  const { evidence: token, models = [], ...order } = parsed(text, evidence);
  return {
    ...order,
    token: tokenOfBytes(new TextEncoder().encode(token)),
    models: models.map(({ name, text: model }) => ({ name: quote(name), text: model })),
  };
}

function parsed<T>(text: string, schema: z.ZodMiniType<T>): T {
  let value: unknown;
  try {
    value = parseStrictJson(text, "the body");
  } catch (cause) {
    if (!(cause instanceof SignatureError)) throw cause;
    throw new ServiceError("BAD_REQUEST", cause.message, { cause });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ServiceError("BAD_REQUEST", `the body: ${firstWords(result.error, value)}`);
}
