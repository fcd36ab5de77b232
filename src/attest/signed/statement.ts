// SPDX-License-Identifier: Apache-2.0
// in-toto statements (github.com/in-toto/attestation, Statement v1) whose predicate is a WorkloadModel: which programs or images it is
// about, and what they may do.
import canonicalize from "canonicalize";
import * as z from "zod/mini";
import { isHex } from "../../base/hex.ts";
import { quote } from "../../base/quote.ts";
import type { DigestName, Hasher } from "../../model/hasher.ts";
import { modelDigest, parseWorkloadModel, type WorkloadModel } from "../../model/index.ts";
import type { Envelope } from "./dsse.ts";
import { firstWords } from "../encoding/schema-words.ts";
import { SignatureError } from "./errors.ts";
import { MAX_DIGEST_CHARS, MAX_DIGESTS, MAX_SUBJECT_CHARS } from "./limits.ts";
import { MAX_SUBJECTS, MAX_TYPE_CHARS } from "./limits.ts";
import { parseStrictJsonBytes } from "../encoding/strict-json.ts";

export const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
export const MODEL_PREDICATE_TYPE = "https://galgo.dev/WorkloadModel/v1";
/** What a DSSE envelope with a statement says that it holds. */
export const STATEMENT_PAYLOAD_TYPE = "application/vnd.in-toto+json";

/** Digests of one thing by algorithm, hex. */
export type DigestSet = Readonly<Record<string, string>>;

/** What a statement is about. */
export interface Subject {
  readonly name?: string;
  readonly uri?: string;
  readonly digest: DigestSet;
}

export interface ModelStatement {
  readonly _type: typeof STATEMENT_TYPE;
  readonly subject: readonly Subject[];
  readonly predicateType: typeof MODEL_PREDICATE_TYPE;
  readonly predicate: WorkloadModel;
}

/** Hex digits of the digests that are compared. Others are kept and mean nothing: they are broken, or not known here. */
const COMPARED: ReadonlyMap<string, number> = new Map([
  ["sha256", 64],
  ["sha384", 96],
  ["sha512", 128],
]);

interface StatementShape {
  readonly _type: typeof STATEMENT_TYPE;
  readonly subject: readonly Subject[];
  readonly predicateType: string;
  readonly predicate: unknown;
}

let made: z.ZodMiniType<StatementShape> | undefined;

/** in-toto wants members that are not known to be passed over. */
function statementSchema(): z.ZodMiniType<StatementShape> {
  const text = z.string().check(z.maxLength(MAX_SUBJECT_CHARS));
  const digests = z
    .record(
      z.string().check(z.regex(/^[A-Za-z][A-Za-z0-9_/-]{0,31}$/, "is no name of a digest")),
      z.string().check(z.minLength(1), z.maxLength(MAX_DIGEST_CHARS)),
    )
    .check(z.refine(digestsFit, "has to be digests, one at least, in lower-case hex"));
  made ??= z.object({
    _type: z.literal(STATEMENT_TYPE),
    subject: z
      .array(z.object({ name: z.exactOptional(text), uri: z.exactOptional(text), digest: digests }))
      .check(z.minLength(1), z.maxLength(MAX_SUBJECTS)),
    predicateType: z.string().check(z.maxLength(MAX_TYPE_CHARS)),
    predicate: z.looseObject({}),
  });
  return made;
}

function digestsFit(digests: DigestSet): boolean {
  const all = Object.entries(digests);
  return (
    all.length > 0 &&
    all.length <= MAX_DIGESTS &&
    all.every(([name, value]) => {
      const size = COMPARED.get(name);
      return size === undefined || isHex(value, size / 2);
    })
  );
}

/**
 * What is to be signed for a model, as an envelope without signatures. The payload is canonical (RFC 8785).
 * @param subject images or programs that the model is for: at least one (`modelSubject` when none is known)
 * @throws SignatureError BAD_STATEMENT
 */
export function envelopeOfModel(model: WorkloadModel, subject: readonly Subject[]): Envelope {
  const statement: ModelStatement = {
    _type: STATEMENT_TYPE,
    subject,
    predicateType: MODEL_PREDICATE_TYPE,
    predicate: model,
  };
  const result = statementSchema().safeParse(statement);
  if (!result.success) {
    const problem = `this would be no statement: ${firstWords(result.error, statement)}`;
    throw new SignatureError("BAD_STATEMENT", problem);
  }
  const payload = new TextEncoder().encode(canonicalize(statement) ?? "");
  return { payloadType: STATEMENT_PAYLOAD_TYPE, payload, signatures: [] };
}

/** The model as its own subject: for a model that belongs to no image and no single program. */
export function modelSubject(model: WorkloadModel, sha256: Hasher): Subject {
  return { name: model.metadata.name, digest: { sha256: modelDigest(model, sha256) } };
}

/**
 * The statement in an envelope. Call it when the signatures are good, not before.
 * @param name of the thing, for messages; shown as it is
 * @throws SignatureError BAD_JSON, BAD_STATEMENT
 * @throws ModelError the model is none
 */
export function statementOf(
  { payloadType, payload }: Envelope,
  name: string,
  hasher: (name: DigestName) => Hasher,
): ModelStatement {
  if (payloadType !== STATEMENT_PAYLOAD_TYPE) {
    throw bad(name, `holds ${quote(payloadType, 80)} and not ${STATEMENT_PAYLOAD_TYPE}`);
  }
  const value = parseStrictJsonBytes(payload, name);
  const result = statementSchema().safeParse(value);
  if (!result.success) throw bad(name, `is no statement: ${firstWords(result.error, value)}`);
  const { subject, predicateType, predicate } = result.data;
  if (predicateType !== MODEL_PREDICATE_TYPE) {
    throw bad(name, `states ${quote(predicateType, 80)} and not ${MODEL_PREDICATE_TYPE}`);
  }
  const model = parseWorkloadModel(JSON.stringify(predicate), { source: name, hasher });
  return { _type: STATEMENT_TYPE, subject, predicateType, predicate: model };
}

/**
 * Whether a statement is about the thing with these digests: one subject shares a digest of SHA-2 with it and has no other value for any
 * that both have.
 */
export function isAbout({ subject }: Pick<ModelStatement, "subject">, digests: DigestSet): boolean {
  return subject.some(({ digest }) => {
    const shared = [...COMPARED.keys()].filter(
      (name) => Object.hasOwn(digest, name) && Object.hasOwn(digests, name),
    );
    return shared.length > 0 && shared.every((name) => digest[name] === digests[name]);
  });
}

function bad(name: string, why: string): SignatureError {
  return new SignatureError("BAD_STATEMENT", `${name} ${why}`);
}
