// SPDX-License-Identifier: Apache-2.0
// The papers between a machine and a verifier by which an attestation key becomes known: the keys of a TPM, a challenge that only this TPM
// can open, its answer. JSON, so that they can be carried by hand.
import * as z from "zod/mini";
import { bytesToHex } from "../../base/hex.ts";
import { quote } from "../../base/quote.ts";
import { CodedError } from "../../base/errors.ts";
import { firstWords } from "../encoding/schema-words.ts";
import { bytesOfBase64, base64OfBytes } from "../encoding/strict-base64.ts";
import { parseStrictJson } from "../encoding/strict-json.ts";
import { SignatureError } from "../signed/errors.ts";
import type { Credential } from "./credential.ts";
import { challengeFor } from "./credential.ts";
import type { CredentialCrypto, TpmCrypto } from "./crypto.ts";
import type { EndorsementFacts, EndorsementTrust } from "./endorsement.ts";
import { verifyEndorsement } from "./endorsement.ts";
import { MAX_ENROLLMENT_CHARS } from "./limits.ts";
import { nameOf, parsePublic } from "./public-area.ts";
import { sameBytes } from "./wire.ts";

/** BAD_PAPER: it can not be read. OTHER_KIND: it is another paper. NO_CERTIFICATE: the TPM brings none, so nobody says that it is one. */
export type EnrollmentErrorCode = "BAD_PAPER" | "OTHER_KIND" | "NO_CERTIFICATE";

export class EnrollmentError extends CodedError<EnrollmentErrorCode> {}

const API_VERSION = "galgo.dev/v1";

/** What a machine says of the keys of its TPM. */
export interface TpmEnrollment {
  /** TPMT_PUBLIC */
  readonly akPublic: Uint8Array;
  /** TPMT_PUBLIC */
  readonly ekPublic: Uint8Array;
  /** DER */
  readonly ekCertificate?: Uint8Array;
}

/** What a verifier sends. */
export interface TpmChallenge extends Credential {
  /** Name of the attestation key, hex. */
  readonly ak: string;
}

/** What a machine sends back. */
export interface TpmChallengeAnswer {
  readonly ak: string;
  readonly answer: Uint8Array;
}

/** What a verifier keeps meanwhile: nobody can make the answer of it. */
export interface TpmExpectation {
  readonly ak: string;
  /** SHA-256 of the answer. */
  readonly expected: Uint8Array;
}

interface Papers {
  readonly TpmEnrollment: TpmEnrollment;
  readonly TpmChallenge: TpmChallenge;
  readonly TpmAnswer: TpmChallengeAnswer;
  readonly TpmExpectation: TpmExpectation;
}

export type PaperKind = keyof Papers;

/** Members that are bytes (base64) and those that are names of keys (hex). */
const MEMBERS = {
  TpmEnrollment: { akPublic: "bytes", ekPublic: "bytes", ekCertificate: "bytes?" },
  TpmChallenge: { ak: "name", blob: "bytes", secret: "bytes" },
  TpmAnswer: { ak: "name", answer: "bytes" },
  TpmExpectation: { ak: "name", expected: "bytes" },
} as const satisfies Readonly<Record<PaperKind, Readonly<Record<string, string>>>>;

const AK_NAME = /^000[bcd](?:[0-9a-f]{2}){32,64}$/;

/** The text of a paper. */
export function writePaper<K extends PaperKind>(kind: K, paper: Papers[K]): string {
  const members = Object.entries(paper).map(([name, value]) => [
    name,
    value instanceof Uint8Array ? base64OfBytes(value) : value,
  ]);
  const text = { apiVersion: API_VERSION, kind, ...Object.fromEntries(members) };
  return `${JSON.stringify(text, undefined, 2)}\n`;
}

/** Reads a paper. @param name of the file, for messages. @throws EnrollmentError */
export function readPaper<K extends PaperKind>(kind: K, text: string, name: string): Papers[K] {
  const said = strictly(text, name);
  const found = (said as { readonly kind?: unknown } | null)?.kind;
  if (found !== kind)
    throw new EnrollmentError(
      "OTHER_KIND",
      `${quote(name)} is of the kind ${quote(String(found), 60)}, wanted is ${kind}`,
    );
  const result = schemaOf(kind).safeParse(said);
  if (!result.success)
    throw new EnrollmentError("BAD_PAPER", `${quote(name)}: ${firstWords(result.error, said)}`);
  return bytesIn(kind, result.data, name) as unknown as Papers[K];
}

function strictly(text: string, name: string): unknown {
  if (text.length > MAX_ENROLLMENT_CHARS)
    throw new EnrollmentError(
      "BAD_PAPER",
      `${quote(name)} has more than ${MAX_ENROLLMENT_CHARS} characters`,
    );
  try {
    return parseStrictJson(text, quote(name));
  } catch (cause) {
    if (!(cause instanceof SignatureError)) throw cause;
    throw new EnrollmentError("BAD_PAPER", cause.message, { cause });
  }
}

function schemaOf(kind: PaperKind): z.ZodMiniType<Record<string, string>> {
  const shape: Record<string, z.ZodMiniType> = {
    apiVersion: z.literal(API_VERSION),
    kind: z.literal(kind),
  };
  for (const [name, what] of Object.entries(MEMBERS[kind])) {
    if (what === "name")
      shape[name] = z.string().check(z.regex(AK_NAME, "the name of a key in hex"));
    else if (what === "bytes") shape[name] = z.string().check(z.minLength(1));
    else shape[name] = z.optional(z.string().check(z.minLength(1)));
  }
  return z.strictObject(shape) as unknown as z.ZodMiniType<Record<string, string>>;
}

function bytesIn(
  kind: PaperKind,
  said: Readonly<Record<string, string>>,
  name: string,
): Record<string, string | Uint8Array> {
  const found: Record<string, string | Uint8Array> = {};
  for (const [member, what] of Object.entries(MEMBERS[kind])) {
    const text = said[member];
    if (text === undefined) continue;
    try {
      found[member] = what === "name" ? text : bytesOfBase64(text);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : "";
      throw new EnrollmentError("BAD_PAPER", `${quote(name)}: ${member} is no base64: ${why}`, {
        cause,
      });
    }
  }
  return found;
}

/** A challenge, and what is kept of it. */
export interface IssuedChallenge {
  readonly challenge: TpmChallenge;
  readonly expectation: TpmExpectation;
  /** By whose word the endorsement key is in a TPM; undefined: nobody's was asked for. */
  readonly facts: EndorsementFacts | undefined;
}

/**
 * A challenge for the TPM of an enrollment.
 * @param trust makers whose word that it is a TPM counts; undefined: nobody is asked, and anything that has both keys can answer
 * @throws EnrollmentError NO_CERTIFICATE, EndorsementError, CcError, TpmFormatError
 */
export async function issueChallenge(
  { akPublic, ekPublic, ekCertificate }: TpmEnrollment,
  trust: EndorsementTrust | undefined,
  crypto: CredentialCrypto,
): Promise<IssuedChallenge> {
  const [attestation, endorsement] = [parsePublic(akPublic), parsePublic(ekPublic)];
  if (trust !== undefined && ekCertificate === undefined)
    throw new EnrollmentError(
      "NO_CERTIFICATE",
      "the enrollment brings no certificate of the endorsement key, so no maker says that it is in a TPM",
    );
  const facts =
    trust === undefined || ekCertificate === undefined
      ? undefined
      : await verifyEndorsement(ekCertificate, endorsement, trust);
  const { blob, secret, answer } = challengeFor(endorsement, attestation, crypto);
  const ak = bytesToHex(nameOf(attestation, crypto));
  const expected = crypto.digest("sha256", answer);
  return { challenge: { ak, blob, secret }, expectation: { ak, expected }, facts };
}

/** True when the answer is that of the challenge: the attestation key is in the TPM that has the endorsement key. */
export function isExpected(
  { ak, expected }: TpmExpectation,
  given: TpmChallengeAnswer,
  crypto: TpmCrypto,
): boolean {
  return ak === given.ak && sameBytes(crypto.digest("sha256", given.answer), expected);
}

/** The name (hex) by which a policy knows the attestation key of an enrollment. @throws TpmFormatError */
export function akNameOf({ akPublic }: Pick<TpmEnrollment, "akPublic">, crypto: TpmCrypto): string {
  return bytesToHex(nameOf(parsePublic(akPublic), crypto));
}
