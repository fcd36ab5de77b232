// SPDX-License-Identifier: Apache-2.0
// Models that containers name: files of the daemon's folder of models. A digest in the name is one of the file, as an OCI registry has it.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { quote } from "../../base/quote.ts";
import {
  type ModelTrust,
  readModelBytes,
  type UsedModel,
  useModel,
} from "../../orchestrator/index.ts";
import { ContainerError } from "./errors.ts";

export const MODEL_SUFFIX = ".galgo.json";
/** Of a signed model, which goes before a plain one of the same name. */
export const SIGNED_SUFFIX = ".galgo.dsse.json";
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const DIGEST = /^sha256:([0-9a-f]{64})$/;

/** What a reference means: a file, and what its bytes have to be. */
export interface ModelPlace {
  readonly file: string;
  /** hex */
  readonly sha256: string | undefined;
}

/**
 * `name`, `name@sha256:HEX`, or `sha256:HEX`: never a path, because whoever may annotate a container need not be allowed to read files.
 * @throws ContainerError BAD_MODEL
 */
export function modelPlace(reference: string, folder: string): ModelPlace {
  const at = reference.indexOf("@");
  const [name, digest] =
    at >= 0 ? [reference.slice(0, at), reference.slice(at + 1)] : [reference, undefined];
  const alone = DIGEST.exec(reference)?.[1];
  if (alone !== undefined)
    return { file: join(folder, `sha256-${alone}${MODEL_SUFFIX}`), sha256: alone };
  const sha256 = digest === undefined ? undefined : DIGEST.exec(digest)?.[1];
  if (!NAME.test(name) || (digest !== undefined && sha256 === undefined)) {
    throw new ContainerError(
      "BAD_MODEL",
      `${quote(reference, 120)} names no model: NAME, NAME@sha256:HEX or sha256:HEX of a file in ${quote(folder)}`,
    );
  }
  const ending = [SIGNED_SUFFIX, MODEL_SUFFIX].find((suffix) => name.endsWith(suffix)) ?? "";
  const plain = name.slice(0, name.length - ending.length);
  return { file: join(folder, `${plain}${MODEL_SUFFIX}`), sha256 };
}

/** The same place, with the signed model where there is one: learning writes the plain one beside it. */
export function usedPlace({ file, sha256 }: ModelPlace): ModelPlace {
  const signed = file.slice(0, -MODEL_SUFFIX.length) + SIGNED_SUFFIX;
  return { file: existsSync(signed) ? signed : file, sha256 };
}

/** @throws ContainerError BAD_MODEL; ModelUseError of what is in the file, and of whose signature it has */
export function readPlacedModel({ file, sha256 }: ModelPlace, trust: ModelTrust): UsedModel {
  const bytes = readModelBytes(file);
  const found = sha256 === undefined ? undefined : createHash("sha256").update(bytes).digest("hex");
  if (found !== sha256) {
    throw new ContainerError(
      "BAD_MODEL",
      `${quote(file)} has the digest sha256:${found}, and sha256:${sha256} was asked for`,
    );
  }
  return useModel(bytes.toString("utf8"), file, trust);
}
