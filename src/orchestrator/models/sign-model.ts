// SPDX-License-Identifier: Apache-2.0
// Signing a model file: an in-toto statement about what the model is for, in a DSSE envelope or a Sigstore bundle.
import { basename } from "node:path";
import { type Envelope, writeEnvelope } from "../../attest/signed/dsse.ts";
import { signedBy } from "../../attest/signed/envelope-signatures.ts";
import { looksSigned, readSignedFile, writeBundle } from "../../attest/signed/sigstore-bundle.ts";
import {
  envelopeOfModel,
  type ModelStatement,
  modelSubject,
  statementOf,
  type Subject,
} from "../../attest/signed/statement.ts";
import { quote } from "../../base/quote.ts";
import { modelDigest, ModelError } from "../../model/index.ts";
import { externalSigner } from "../../quote/external-signer.ts";
import { othersMayRead, readSigner } from "../../quote/key-files.ts";
import { nodeHasher } from "../../tma/index.ts";
import { CommandError, ModelUseError } from "../errors.ts";
import { MAX_MODEL_BYTES } from "../limits.ts";
import { modelUseError, readModel, readModelBytes } from "./model-use.ts";
import { digestsOfProgram, imageDigests } from "./run-subject.ts";
import { writeModelText } from "./write-model.ts";

export interface SignRequest {
  /** A plain model; or a signed one, which gets one signature more. */
  readonly file: string;
  readonly output: string;
  /** Private key, PEM; with `signer` the public one. */
  readonly keyFile: string;
  /** Program that signs with the private half (`externalSigner`). */
  readonly signer?: string;
  readonly form: "dsse" | "sigstore";
  /** Images that the model is for: `sha256:HEX` or `NAME@sha256:HEX`. */
  readonly images: readonly string[];
  /** Program files that it is for. */
  readonly programs: readonly string[];
}

export interface SignResult {
  readonly name: string;
  /** SHA-256 of the canonical model, hex. */
  readonly digest: string;
  readonly state: string;
  readonly behaviours: number;
  readonly sealed: boolean;
  /** SHA-256 of the public key, hex. */
  readonly key: string;
  readonly alg: string;
  readonly form: SignRequest["form"];
  readonly signatures: number;
  readonly subject: readonly Subject[];
  /** What a person should know. */
  readonly notices: readonly string[];
}

/**
 * Signs a model. What is signed was read as a model first: a signature under something else would be good for nothing.
 * @throws ModelUseError, SignatureError BAD_KEY, BAD_ENVELOPE, BAD_STATEMENT, TOO_LARGE; StateError NOT_WRITABLE
 */
export function signModelFile(request: SignRequest): SignResult {
  const { file, output, keyFile, form } = request;
  const signer =
    request.signer === undefined
      ? readSigner(keyFile)
      : externalSigner({ program: request.signer, publicKey: keyFile });
  const { envelope, statement, notices } = unsignedEnvelope(request);
  const signed = signedBy(envelope, signer);
  const text = form === "sigstore" ? writeBundle(signed) : writeEnvelope(signed);
  if (text.length > MAX_MODEL_BYTES) {
    throw new ModelUseError(
      "BAD_MODEL",
      `${quote(file)} would have ${text.length} bytes when it is signed, at most ${MAX_MODEL_BYTES} are read`,
    );
  }
  writeModelText(output, text);
  const { predicate: model, subject } = statement;
  return {
    name: model.metadata.name,
    digest: modelDigest(model, nodeHasher("sha256")),
    state: model.spec.state,
    behaviours: model.spec.points.length,
    sealed: model.spec.sealed,
    key: signer.key.id,
    alg: signer.alg,
    form,
    signatures: signed.signatures.length,
    subject,
    notices: [
      ...notices,
      ...(request.signer === undefined && othersMayRead(keyFile)
        ? [`others than its owner may read the key ${quote(keyFile)}; chmod 600 it`]
        : []),
      ...(model.spec.sealed ? [] : ["the model is not sealed, so it can not be enforced"]),
    ],
  };
}

interface Unsigned {
  readonly envelope: Envelope;
  readonly statement: Pick<ModelStatement, "predicate" | "subject">;
  readonly notices: readonly string[];
}

function unsignedEnvelope(request: SignRequest): Unsigned {
  const { file } = request;
  const text = readModelBytes(file).toString("utf8");
  if (looksSigned(text)) return alreadySigned(text, request);
  const model = readModel(text, file);
  const named = [...request.images.map(imageSubject), ...request.programs.map(programSubject)];
  const subject = named.length > 0 ? named : [modelSubject(model, nodeHasher("sha256"))];
  return {
    envelope: envelopeOfModel(model, subject),
    statement: { predicate: model, subject },
    notices: [],
  };
}

/** What the others have signed stays as it is, to the byte. */
function alreadySigned(text: string, { file, images, programs }: SignRequest): Unsigned {
  if (images.length + programs.length > 0) {
    throw new ModelUseError(
      "BAD_OPTION",
      `${quote(file)} is signed: what it is for is part of that and can not be changed; sign the plain model`,
    );
  }
  const { envelope, unchecked } = readSignedFile(text, quote(file));
  try {
    const statement = statementOf(envelope, `the payload of ${quote(file)}`, nodeHasher);
    const notices = unchecked.map((what) => `left out: ${quote(what, 80)} of ${quote(file)}`);
    return { envelope, statement, notices };
  } catch (error) {
    if (error instanceof ModelError) throw modelUseError(error);
    throw error;
  }
}

function imageSubject(text: string): Subject {
  const at = text.lastIndexOf("@");
  const digest = imageDigests(text.slice(at + 1));
  if (digest === undefined) {
    throw new ModelUseError(
      "BAD_OPTION",
      `--image takes sha256:HEX or NAME@sha256:HEX, not ${quote(text, 200)}: a tag may name another image tomorrow`,
    );
  }
  return at > 0 ? { name: text.slice(0, at), digest } : { digest };
}

function programSubject(file: string): Subject {
  try {
    return { name: basename(file), digest: digestsOfProgram(file) };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const problem = `--program ${quote(file)} is no file that can be read`;
    throw new ModelUseError("BAD_OPTION", problem, { cause: error });
  }
}
