// SPDX-License-Identifier: Apache-2.0
// Carries a model over to the other form, or signs a text model anew.
import { basename, extname } from "node:path";
import { quote } from "../../base/quote.ts";
import {
  fromTextModel,
  stringifyWorkloadModel,
  toTextModel,
  writeTextModel,
} from "../../model/index.ts";
import type {
  DigestName,
  MappingName,
  ModelLoss,
  TextModel,
  WorkloadModel,
} from "../../model/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import { ModelUseError } from "../errors.ts";
import { fingerprintOf, signerOf } from "./model-signature.ts";
import { type AnyModel, loadAnyModel, type Signer } from "./model-text-file.ts";
import { checkName, nameOfCommand } from "../state-dir.ts";
import { writeModelText } from "./write-model.ts";

export interface ConvertRequest {
  readonly input: string;
  readonly output: string;
  readonly to: "galgo" | "quixote";
  /** How the states of a text model were made; quixote-2025 by default. */
  readonly mapping?: MappingName;
  readonly digest?: DigestName;
  /** Of the Galgo model; by default that of the file. */
  readonly name?: string;
  /** File with the public key that must have signed the input. */
  readonly keyFile?: string;
  /** File with the private key that shall sign the output. */
  readonly signKeyFile?: string;
  /** Write although something grave is lost. */
  readonly allowLoss: boolean;
}

export interface ConvertResult {
  readonly points: number;
  readonly sealed: boolean;
  /** What is not carried over, a sentence each. */
  readonly losses: readonly string[];
  /** Oddities of the text that was read, with their lines. */
  readonly warnings: readonly string[];
  /** Who signed the input. */
  readonly signer?: Signer;
  /** Fingerprint of the key that signed the output. */
  readonly signedBy?: string;
  /** State value of a Galgo model that was written, hex. */
  readonly state?: string;
}

/** Default of `ConvertRequest.mapping`: what the files of quixote-us are made with. */
export const TEXT_MAPPING: MappingName = "quixote-2025";

/**
 * Reads, converts, writes. Nothing is written when something is wrong or something grave would be lost.
 * @throws ModelUseError, StateError BAD_NAME, NOT_WRITABLE
 */
export function convertModel(request: ConvertRequest): ConvertResult {
  const { digest, keyFile } = request;
  const input = loadAnyModel(request.input, {
    ...(digest !== undefined && { digest }),
    ...(keyFile !== undefined && { keyFile }),
  });
  refuseContradictions(request, input);
  return request.to === "galgo" ? toGalgo(request, input) : toQuixote(request, input);
}

function refuseContradictions(
  { to, mapping, name, signKeyFile }: ConvertRequest,
  input: AnyModel,
): void {
  const refuse = (why: string): never => {
    throw new ModelUseError("BAD_OPTION", why);
  };
  if (to === "galgo" && input.form === "galgo") refuse("the model is a Galgo model already");
  if (to === "galgo" && signKeyFile !== undefined)
    refuse("--sign-key signs text models: it needs --to quixote");
  if (to === "quixote" && (name !== undefined || mapping !== undefined))
    refuse("--name and --mapping say what a text does not: they need --to galgo");
}

function toGalgo(request: ConvertRequest, input: AnyModel): ConvertResult {
  if (input.form !== "text") throw new Error("checked by refuseContradictions");
  const { reading, signer } = input;
  const stem = basename(request.input, extname(request.input));
  const { model, losses } = fromTextModel(reading.model, {
    name: checkName(request.name ?? nameOfCommand(stem)),
    mapping: request.mapping ?? TEXT_MAPPING,
    hasher: nodeHasher(request.digest ?? "sha256"),
  });
  const told = [...losses];
  if (signer !== undefined)
    told.push({ text: "the signature is not carried over: sign what is written", grave: false });
  write(request, stringifyWorkloadModel(model), told);
  return {
    points: model.spec.points.length,
    sealed: model.spec.sealed,
    losses: told.map(({ text }) => text),
    warnings: warningsOf(input),
    ...(signer !== undefined && { signer }),
    state: model.spec.state,
  };
}

function toQuixote(request: ConvertRequest, input: AnyModel): ConvertResult {
  const { model, losses } = textOf(input);
  const signer = request.signKeyFile === undefined ? undefined : signerOf(request.signKeyFile);
  write(request, writeTextModel(model, signer), losses);
  return {
    points: new Set(model.states).size,
    sealed: model.sealed,
    losses: losses.map(({ text }) => text),
    warnings: warningsOf(input),
    ...(input.form === "text" && input.signer !== undefined && { signer: input.signer }),
    ...(signer !== undefined && { signedBy: fingerprintOf(signer.key) }),
  };
}

function textOf(input: AnyModel): {
  readonly model: TextModel;
  readonly losses: readonly ModelLoss[];
} {
  if (input.form === "galgo") return toTextModel(input.model satisfies WorkloadModel);
  const losses = [{ text: "comments are not kept", grave: false }];
  if (input.signer !== undefined)
    losses.push({ text: "the signature of the input is not carried over", grave: false });
  return { model: input.reading.model, losses };
}

function write(
  { input, output, allowLoss }: ConvertRequest,
  content: string,
  losses: readonly ModelLoss[],
): void {
  const grave = losses.filter((loss) => loss.grave);
  if (grave.length > 0 && !allowLoss) {
    const why = grave.map(({ text }) => text).join("; ");
    throw new ModelUseError(
      "LOSSY",
      `${quote(input)} can not be converted without losing what it means: ${why}. --allow-loss writes it all the same`,
    );
  }
  writeModelText(output, content);
}

function warningsOf(input: AnyModel): readonly string[] {
  if (input.form === "galgo") return [];
  return input.reading.warnings.map(({ line, text }) => `line ${line}: ${text}`);
}
