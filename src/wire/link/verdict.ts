// SPDX-License-Identifier: Apache-2.0
// What hosts ask about behaviours that are outside of a model, and what the fleet rules about them. Rulings are signed with the fleet's key
// of commands: whoever is between the two can keep them back, and nothing else.
import * as z from "zod/mini";
import { readEnvelope, writeEnvelope } from "../../attest/signed/dsse.ts";
import { checkSignatures, signedBy } from "../../attest/signed/envelope-signatures.ts";
import type { PublicKey, Signer, Verifier } from "../../attest/keys/keys.ts";
import { LinkError } from "./errors.ts";
import { MAX_RECORD } from "./limits.ts";
import {
  count,
  digest,
  jsonOf,
  lazily,
  name,
  readMessage,
  readValue,
  runId,
  text,
  time,
  version,
  words,
} from "./parts.ts";

/** What is signed, for DSSE. */
export const RULINGS_TYPE = "application/vnd.galgo.rulings+json";
/** Rulings of one message. */
export const MAX_RULINGS = 500;
/** Models that one question names. */
const MAX_ASKED_MODELS = 256;

export type RulingWord = "allow" | "deny" | "kill";

/** About one behaviour outside of one model; of two the one with the higher `rev` counts. */
export interface Ruling {
  /** Digest of the model, hex. */
  readonly model: string;
  /** hex */
  readonly coefficient: string;
  /** taken back: nobody has ruled about it any more. */
  readonly verdict: RulingWord | "taken back";
  /** Grows with every ruling of the fleet. 0: its rule for what nobody knows, which counts for this answer only. */
  readonly rev: number;
  /** ms since 1970 */
  readonly at: number;
  /** Who has ruled. */
  readonly by: string;
}

/** What is signed. */
export interface Rulings {
  readonly v: 1;
  /** ms since 1970 */
  readonly at: number;
  readonly rulings: readonly Ruling[];
  /** Of the question that this answers; absent: for all hosts. */
  readonly nonce?: string;
  /** Somebody has to decide first. */
  readonly pending?: true;
  /** Answers to `since`: there are more, ask again with this. */
  readonly more?: number;
}

/** `ask.verdict`: about one behaviour, or what was ruled since. */
export type VerdictAsk = VerdictQuestion | RulingsSince;

export interface VerdictQuestion {
  readonly v: 1;
  readonly nonce: string;
  readonly model: string;
  readonly coefficient: string;
  readonly run: string;
  /** Of the workload. */
  readonly name: string;
  readonly words: string;
  readonly record?: string;
}

export interface RulingsSince {
  readonly v: 1;
  readonly nonce: string;
  /** Rulings of a higher `rev`. */
  readonly since: number;
  /** About these models; absent: all. */
  readonly models?: readonly string[];
}

/** The answer to both, and what all hosts are sent: the text of a signed envelope. */
export interface VerdictAnswer {
  readonly v: 1;
  readonly envelope: string;
}

const NONCE = /^[0-9a-f]{32}$/;
const nonce = (): z.ZodMiniType<string> =>
  z.string().check(z.regex(NONCE, "has to be 16 bytes in hex"));

const question = lazily<VerdictQuestion>(() =>
  z.strictObject({
    v: version(),
    nonce: nonce(),
    model: digest(),
    coefficient: digest(),
    run: runId(),
    name: name(),
    words: words(),
    record: z.exactOptional(text(MAX_RECORD)),
  }),
);
const since = lazily<RulingsSince>(() =>
  z.strictObject({
    v: version(),
    nonce: nonce(),
    since: count(),
    models: z.exactOptional(z.array(digest()).check(z.maxLength(MAX_ASKED_MODELS))),
  }),
);
const answer = lazily<VerdictAnswer>(() =>
  z.strictObject({ v: version(), envelope: text(MAX_RULINGS * 1_024) }),
);
const rulings = lazily<Rulings>(() =>
  z.strictObject({
    v: version(),
    at: time(),
    rulings: z
      .array(
        z.strictObject({
          model: digest(),
          coefficient: digest(),
          verdict: z.enum(["allow", "deny", "kill", "taken back"]),
          rev: count(),
          at: time(),
          by: words(),
        }),
      )
      .check(z.maxLength(MAX_RULINGS)),
    nonce: z.exactOptional(nonce()),
    pending: z.exactOptional(z.literal(true)),
    more: z.exactOptional(count()),
  }),
);

/** @throws LinkError, as all of these */
export function readVerdictAsk(bytes: Uint8Array): VerdictAsk {
  const what = "a question for a verdict";
  const value = jsonOf(bytes, what);
  const isSince = typeof value === "object" && value !== null && "since" in value;
  return readMessage<VerdictAsk>(bytes, isSince ? since() : question(), what);
}

/** @param value parsed JSON */
export function readVerdictAnswer(value: unknown): VerdictAnswer {
  return readValue(value, answer(), "a verdict");
}

/** The text of the envelope. @throws SignatureError */
export function signRulings(content: Rulings, signer: Signer): string {
  const payload = new TextEncoder().encode(JSON.stringify(content));
  return writeEnvelope(signedBy({ payloadType: RULINGS_TYPE, payload, signatures: [] }, signer));
}

/**
 * What the fleet has signed, if it was the fleet. Nothing of it is read before the signature was found good.
 * @throws LinkError NOT_FOR_US: signed by none of these keys, or something else; BAD_MESSAGE; SignatureError
 */
export function openRulings(
  envelopeText: string,
  keys: readonly PublicKey[],
  verifier: Verifier,
): Rulings {
  const what = "a verdict of the fleet";
  const envelope = readEnvelope(envelopeText, what);
  const known = keys.map((key) => ({ key }));
  const good = checkSignatures(envelope, known, verifier).some(({ found }) => found === "good");
  if (!good) throw new LinkError("NOT_FOR_US", `${what} is not signed by a key of this fleet`);
  if (envelope.payloadType !== RULINGS_TYPE)
    throw new LinkError("NOT_FOR_US", `${what} is something else that the fleet has signed`);
  return readValue(jsonOf(envelope.payload, what), rulings(), what);
}
