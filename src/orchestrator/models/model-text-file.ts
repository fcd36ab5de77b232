// SPDX-License-Identifier: Apache-2.0
// Reads a model file of either form: Galgo's JSON, plain or signed, or the text of TSEM and Quixote with its signature verified.
import { looksSigned } from "../../attest/signed/sigstore-bundle.ts";
import { decodePath } from "../../base/path-text.ts";
import { quote } from "../../base/quote.ts";
import { ModelError, readTextModel } from "../../model/index.ts";
import type { DigestName, TextReading, WorkloadModel } from "../../model/index.ts";
import { ModelUseError } from "../errors.ts";
import { checkSignature, fingerprintOf, fingerprintOfFile } from "./model-signature.ts";
import { modelUseError, readModelBytes, useModel } from "./model-use.ts";
import { readRequirement } from "./signature-requirement.ts";

/** Who signed a text model. */
export interface Signer {
  /** SHA-256 of the public key, hex. */
  readonly fingerprint: string;
  /** True when it is the key that was asked for; otherwise anybody may have made key and signature. */
  readonly expected: boolean;
}

export type AnyModel =
  | { readonly form: "galgo"; readonly model: WorkloadModel }
  | { readonly form: "text"; readonly reading: TextReading; readonly signer?: Signer };

export interface AnyModelOptions {
  /** Of a text model; sha256 by default. Galgo's form says it itself. */
  readonly digest?: DigestName;
  /** File with the public key that must have signed the model. */
  readonly keyFile?: string;
}

/** Galgo's form begins with a brace, which no keyword of a text model does. */
export function isGalgoForm(bytes: Uint8Array): boolean {
  return bytes.find((byte) => byte > 0x20) === 0x7b;
}

/**
 * The model in a file of either form.
 * @throws ModelUseError NO_MODEL, BAD_MODEL (the message names file and line), OTHER_MAPPING, BAD_KEY, BAD_OPTION, UNTRUSTED
 */
export function loadAnyModel(file: string, options: AnyModelOptions = {}): AnyModel {
  return parseAnyModel(readModelBytes(file), file, options);
}

/** The same of bytes that were read already; `source` names them in errors. */
export function parseAnyModel(
  bytes: Buffer,
  source: string,
  { digest, keyFile }: AnyModelOptions = {},
): AnyModel {
  try {
    if (isGalgoForm(bytes)) {
      const text = bytes.toString("utf8");
      const model = galgoModel(text, source, keyFile);
      refuseOtherDigest(model, source, digest);
      return { form: "galgo", model };
    }
    const terms = { source, digest: digest ?? "sha256", check: checkSignature };
    const reading = readTextModel(decodePath(bytes), terms);
    const signer = signerOfReading(reading, source, keyFile);
    return { form: "text", reading, ...(signer !== undefined && { signer }) };
  } catch (error) {
    if (error instanceof ModelError) throw modelUseError(error);
    throw error;
  }
}

/** With a key: one that is signed with it. */
function galgoModel(text: string, source: string, keyFile: string | undefined): WorkloadModel {
  if (keyFile === undefined) return useModel(text, source).model;
  if (looksSigned(text))
    return useModel(text, source, { requirement: readRequirement({ keys: [keyFile] }) }).model;
  throw new ModelUseError(
    "BAD_OPTION",
    `${quote(source)} is a plain model of Galgo, which carries no signature: --key can not be asked of it`,
  );
}

function refuseOtherDigest(
  { spec }: WorkloadModel,
  source: string,
  digest: DigestName | undefined,
): void {
  if (digest === undefined || digest === spec.digest) return;
  throw new ModelUseError(
    "BAD_OPTION",
    `${quote(source)} says itself that its digest is ${spec.digest}, not ${digest}`,
  );
}

function signerOfReading(
  { signer }: TextReading,
  source: string,
  keyFile: string | undefined,
): Signer | undefined {
  if (signer === undefined) {
    if (keyFile === undefined) return undefined;
    throw new ModelUseError(
      "BAD_KEY",
      `${quote(source)} is not signed, and --key ${quote(keyFile)} asks for a signature`,
    );
  }
  const fingerprint = fingerprintOf(signer);
  if (keyFile === undefined) return { fingerprint, expected: false };
  if (fingerprint === fingerprintOfFile(keyFile)) return { fingerprint, expected: true };
  throw new ModelUseError(
    "BAD_KEY",
    `${quote(source)} was signed with the key ${fingerprint}, not with that of ${quote(keyFile)}`,
  );
}
