// SPDX-License-Identifier: Apache-2.0
// Reads a model file for a run and decides whether it can be used for it.
import { SignatureError } from "../../attest/signed/errors.ts";
import { looksSigned } from "../../attest/signed/sigstore-bundle.ts";
import { quote } from "../../base/quote.ts";
import { ModelError, parseWorkloadModel } from "../../model/index.ts";
import type { WorkloadModel } from "../../model/index.ts";
import { readAtMost } from "../../quote/read-file.ts";
import { nodeHasher } from "../../tma/index.ts";
import type { TmaSpec } from "../../tma/index.ts";
import { ModelUseError } from "../errors.ts";
import { MAX_MODEL_BYTES } from "../limits.ts";
import type { RunMode } from "../run-record.ts";
import { readSignedModel, unsigned, type ModelTrust, type UsedModel } from "./signed-model.ts";
import { looksLikeTextModel } from "./text-form.ts";

/**
 * The model in a file, plain or signed. Whoever runs it takes `useModelFile`: here nobody asks for a signature.
 * @throws ModelUseError NO_MODEL, OTHER_MAPPING, BAD_MODEL; the message names the file and what is wrong.
 */
export function loadModel(file: string): WorkloadModel {
  return useModelFile(file).model;
}

/** A model from the text of a file that somebody else has read. @param file for messages @throws ModelUseError as `loadModel` */
export function readModel(text: string, file: string): WorkloadModel {
  return useModel(text, file).model;
}

/**
 * The model in a file and who has signed it. Where a signature is demanded nothing of the model is looked into before it was checked.
 * @throws ModelUseError NO_MODEL, OTHER_MAPPING, BAD_MODEL, UNTRUSTED
 */
export function useModelFile(file: string, trust: ModelTrust = {}): UsedModel {
  return useModel(readModelBytes(file).toString("utf8"), file, trust);
}

/** As `useModelFile`, of the text of a file that somebody else has read. @param file for messages */
export function useModel(text: string, file: string, trust: ModelTrust = {}): UsedModel {
  try {
    if (looksSigned(text)) return readSignedModel(text, file, trust);
  } catch (error) {
    if (error instanceof ModelError) throw modelUseError(error);
    if (!(error instanceof SignatureError)) throw error;
    throw new ModelUseError("BAD_MODEL", error.message, {
      facts: { code: error.code },
      cause: error,
    });
  }
  if (trust.requirement !== undefined) throw unsigned(file, trust.requirement);
  return { model: readPlainModel(text, file) };
}

function readPlainModel(text: string, file: string): WorkloadModel {
  if (looksLikeTextModel(text)) {
    throw new ModelUseError(
      "BAD_MODEL",
      `${quote(file)} looks like a text model of TSEM or Quixote; galgo model convert ${quote(file)} -o OUT --to galgo makes a model of it`,
    );
  }
  try {
    return parseWorkloadModel(text, { source: file, hasher: nodeHasher });
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw modelUseError(error);
  }
}

/** What is wrong with a model, as an error of its use. */
export function modelUseError(error: ModelError): ModelUseError {
  const code = error.code === "WRONG_MAPPING" ? "OTHER_MAPPING" : "BAD_MODEL";
  return new ModelUseError(code, error.message, { facts: error.facts, cause: error });
}

/** The bytes of a model file, within MAX_MODEL_BYTES. @throws ModelUseError NO_MODEL, BAD_MODEL */
export function readModelBytes(file: string): Buffer {
  try {
    const bytes = readAtMost(file, MAX_MODEL_BYTES);
    if (bytes === undefined) throw tooLarge(file);
    return bytes;
  } catch (error) {
    if (error instanceof ModelUseError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const advice = code === "ENOENT" ? "; galgo learn -o FILE -- CMD makes one" : "";
    throw new ModelUseError(
      "NO_MODEL",
      `can not read the model ${quote(file)} (${code})${advice}`,
      { cause: error },
    );
  }
}

function tooLarge(file: string): ModelUseError {
  const problem = `model ${quote(file)} is larger than ${MAX_MODEL_BYTES} bytes`;
  return new ModelUseError("BAD_MODEL", problem);
}

/**
 * Refuses a model that must not be enforced: unsealed, or learned while events were lost and nobody said so.
 * @throws ModelUseError NOT_SEALED
 */
export function requireUsable(model: WorkloadModel, file: string, mode: RunMode): void {
  if (mode === "enforce" && !model.spec.sealed) {
    throw new ModelUseError(
      "NOT_SEALED",
      `model ${quote(file)} is not sealed, so it can not be enforced; galgo model seal ${quote(file)}`,
    );
  }
}

/** What the agent of a run under this model starts with. */
export function specOfModel(model: WorkloadModel): TmaSpec {
  const { mapping, digest, profile, aggregate, base, points, pseudonyms } = model.spec;
  // a run never adds to the model it was given: unsealed or not, it is closed here
  return {
    mapping,
    digest,
    profile,
    aggregate,
    ...(base === undefined ? {} : { base }),
    points,
    pseudonyms,
    sealed: true,
  };
}
