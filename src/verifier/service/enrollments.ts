// SPDX-License-Identifier: Apache-2.0
// Attestation keys that become known: the TPM whose endorsement key has a certificate of a trusted maker opens a challenge, which it can
// only while it holds the attestation key. Names of keys that did are kept in a file.
import { existsSync, renameSync, writeFileSync } from "node:fs";
import * as z from "zod/mini";
import { CcError } from "../../attest/cc/errors.ts";
import { firstWords } from "../../attest/encoding/schema-words.ts";
import { parseStrictJson } from "../../attest/encoding/strict-json.ts";
import {
  type Authorities,
  EndorsementError,
  EnrollmentError,
  isExpected,
  issueChallenge,
  readPaper,
  type TpmExpectation,
  TpmFormatError,
  writePaper,
} from "../../attest/tpm/index.ts";
import { SignatureError } from "../../attest/signed/errors.ts";
import { quote } from "../../base/quote.ts";
import { nodeCcCrypto } from "../../quote/cc-crypto.ts";
import { nodeTpmCrypto } from "../../quote/tpm/index.ts";
import { readBytes } from "../files.ts";
import { ENROLLMENT_SECONDS, MAX_ENROLLED, MAX_PENDING } from "../limits.ts";
import { ServiceError } from "./errors.ts";

/** A key that is known. */
interface EnrolledKey {
  /** hex */
  readonly ak: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Serial number of the endorsement key's certificate, and who vouches for it. */
  readonly serial: string;
  readonly root: string;
}

interface EnrolledFile {
  readonly apiVersion: "galgo.dev/v1";
  readonly kind: "EnrolledKeys";
  readonly keys: readonly EnrolledKey[];
}

interface Pending {
  readonly expectation: TpmExpectation;
  readonly expires: number;
  readonly serial: string;
  readonly root: string;
}

export interface EnrollmentTerms {
  readonly authorities: Authorities;
  /** Where names are kept; undefined: as long as the service runs. */
  readonly file?: string;
  readonly now: () => number;
}

export class Enrollments {
  readonly #terms: EnrollmentTerms;
  readonly #keys = new Map<string, EnrolledKey>();
  readonly #names = new Set<string>();
  readonly #pending = new Map<string, Pending>();

  /** @throws ServiceError NO_SERVICE: the file is none; VerifierFileError */
  constructor(terms: EnrollmentTerms) {
    this.#terms = terms;
    if (terms.file === undefined || !existsSync(terms.file)) return;
    for (const key of readEnrolled(terms.file)) this.#know(key);
  }

  /** Names of keys, hex. */
  get enrolled(): ReadonlySet<string> {
    return this.#names;
  }

  /** @param text of the paper with a TPM's keys. Returns the challenge's text. @throws ServiceError */
  async begin(text: string): Promise<string> {
    const now = this.#terms.now();
    for (const [ak, { expires }] of this.#pending) if (now > expires) this.#pending.delete(ak);
    if (this.#pending.size >= MAX_PENDING) {
      throw new ServiceError("BUSY", `${MAX_PENDING} keys are being enrolled; come again later`);
    }
    const trust = { authorities: this.#terms.authorities, crypto: nodeCcCrypto, now };
    const enrollment = believed(() => readPaper("TpmEnrollment", text, "the body"));
    try {
      const { challenge, expectation, facts } = await issueChallenge(
        enrollment,
        trust,
        nodeTpmCrypto,
      );
      const expires = now + ENROLLMENT_SECONDS * 1_000;
      const { serial, root } = facts ?? { serial: "", root: "" };
      this.#pending.set(challenge.ak, { expectation, expires, serial, root });
      return writePaper("TpmChallenge", challenge);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  /** @param text of the paper with the answer. Returns the key's name, hex. @throws ServiceError */
  finish(text: string): string {
    const answer = believed(() => readPaper("TpmAnswer", text, "the body"));
    const pending = this.#pending.get(answer.ak);
    // one try: who has to guess does not get another
    this.#pending.delete(answer.ak);
    if (pending === undefined || this.#terms.now() > pending.expires) {
      throw new ServiceError("NOT_BELIEVED", `no challenge for the key ${answer.ak} is open`);
    }
    if (!isExpected(pending.expectation, answer, nodeTpmCrypto)) {
      throw new ServiceError("NOT_BELIEVED", "that is not the answer: the key is not in that TPM");
    }
    if (this.#keys.size >= MAX_ENROLLED && !this.#keys.has(answer.ak)) {
      throw new ServiceError("BUSY", `${MAX_ENROLLED} keys are enrolled, which is the limit`);
    }
    const { serial, root } = pending;
    const at = new Date(this.#terms.now()).toISOString();
    this.#keep({ ak: answer.ak, at, serial, root });
    return answer.ak;
  }

  /** On disk first: what was told to be enrolled is so after a restart too. */
  #keep(key: EnrolledKey): void {
    const keys = [...[...this.#keys.values()].filter(({ ak }) => ak !== key.ak), key];
    const { file } = this.#terms;
    if (file !== undefined) writeEnrolled(file, keys);
    this.#know(key);
  }

  #know(key: EnrolledKey): void {
    this.#keys.set(key.ak, key);
    this.#names.add(key.ak);
  }
}

function believed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw refusalOf(error);
  }
}

/** Faults of what was brought are refusals; anything else is a fault of ours. */
function refusalOf(error: unknown): unknown {
  if (error instanceof EnrollmentError || error instanceof TpmFormatError) {
    return new ServiceError("BAD_REQUEST", error.message, { cause: error });
  }
  if (error instanceof EndorsementError || error instanceof CcError) {
    return new ServiceError("NOT_BELIEVED", error.message, { cause: error });
  }
  return error;
}

function enrolledSchema(): z.ZodMiniType<EnrolledFile> {
  const key = z.strictObject({
    ak: z.string().check(z.regex(/^[0-9a-f]{68,132}$/, "has to be the name of a key in hex")),
    at: z.iso.datetime(),
    serial: z.string(),
    root: z.string(),
  });
  return z.strictObject({
    apiVersion: z.literal("galgo.dev/v1"),
    kind: z.literal("EnrolledKeys"),
    keys: z.array(key).check(z.maxLength(MAX_ENROLLED)),
  });
}

function readEnrolled(file: string): readonly EnrolledKey[] {
  try {
    const value = parseStrictJson(readBytes(file).toString("utf8"), quote(file));
    const result = enrolledSchema().safeParse(value);
    if (result.success) return result.data.keys;
    const problem = `${quote(file)} is no list of enrolled keys: ${firstWords(result.error, value)}`;
    throw new ServiceError("NO_SERVICE", problem);
  } catch (cause) {
    if (!(cause instanceof SignatureError)) throw cause;
    throw new ServiceError("NO_SERVICE", cause.message, { cause });
  }
}

function writeEnrolled(file: string, keys: readonly EnrolledKey[]): void {
  const content = { apiVersion: "galgo.dev/v1", kind: "EnrolledKeys", keys } as const;
  const made = `${file}.new`;
  writeFileSync(made, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(made, file);
}
