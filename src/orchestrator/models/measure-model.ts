// SPDX-License-Identifier: Apache-2.0
// Recomputes measurement and state of a model in either form, or of a list of coefficients as the tools of TSEM print it.
import { isHex } from "../../base/hex.ts";
import { quote } from "../../base/quote.ts";
import { createMapper, createModel, DIGEST_SIZES } from "../../model/index.ts";
import type { DigestName, TextModel, WorkloadModel } from "../../model/index.ts";
import { openSource } from "../../sensor/replay/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import { ModelUseError } from "../errors.ts";
import { MAX_MODEL_BYTES } from "../limits.ts";
import { isGalgoForm, parseAnyModel } from "./model-text-file.ts";
import { readModelBytes } from "./model-use.ts";

export interface MeasureRequest {
  /** A model, or coefficients one a line, with or without the word `state` before each. */
  readonly file: string;
  /** Its content where it is no file that can be read; `file` then only names it. */
  readonly content?: Buffer;
  /** hex; instead of the model's. A list has none: zeros. */
  readonly aggregate?: string;
  /** hex; instead of the model's. */
  readonly base?: string;
  /** Of a text model or a list; sha256 by default. */
  readonly digest?: DigestName;
}

export interface Measured {
  readonly form: "galgo" | "text" | "list";
  /** hex; depends on the order of the points: ascending in a Galgo model, that of the file otherwise. */
  readonly measurement: string;
  /** hex; does not depend on the order. */
  readonly state: string;
  /** Different coefficients. */
  readonly points: number;
  readonly aggregate: string;
  readonly base: string;
  readonly digest: DigestName;
}

/** What a measurement is made of. */
interface Ingredients {
  readonly form: Measured["form"];
  readonly digest: DigestName;
  readonly aggregate: string | undefined;
  readonly base: string | undefined;
  /** The base is part of the aggregate's extend. */
  readonly baseFirst: boolean;
  readonly points: readonly string[];
}

/** @throws ModelUseError NO_MODEL, BAD_MODEL, OTHER_MAPPING, BAD_OPTION */
export function measureModel(request: MeasureRequest): Measured {
  const bytes = request.content ?? readModelBytes(request.file);
  const found = ingredientsOf(bytes, request);
  const hasher = nodeHasher(found.digest);
  const zeros = "0".repeat(hasher.size * 2);
  const aggregate = digestOption("--aggregate", request.aggregate, found.digest) ?? found.aggregate;
  const base = digestOption("--base", request.base, found.digest) ?? found.base;
  const model = createModel({
    hasher,
    aggregate: aggregate ?? zeros,
    ...(base !== undefined && { base }),
    baseFirst: found.baseFirst,
  });
  for (const point of found.points) model.load(point);
  return {
    form: found.form,
    measurement: model.measurement(),
    state: model.state(),
    points: model.counts.points,
    aggregate: aggregate ?? zeros,
    base: base ?? zeros,
    digest: found.digest,
  };
}

function ingredientsOf(bytes: Buffer, { file: source, digest }: MeasureRequest): Ingredients {
  if (!isGalgoForm(bytes)) {
    const points = listOf(bytes, source, digest ?? "sha256");
    if (points !== undefined) return { ...LIST, points, digest: digest ?? "sha256" };
  }
  const any = parseAnyModel(bytes, source, digest === undefined ? {} : { digest });
  return any.form === "galgo" ? ofGalgo(any.model) : ofText(any.reading.model, digest ?? "sha256");
}

const LIST = { form: "list", aggregate: undefined, base: undefined, baseFirst: true } as const;

function ofGalgo({ spec }: WorkloadModel): Ingredients {
  const { digest, mapping, aggregate, base, points } = spec;
  const { baseFirst } = createMapper(nodeHasher(digest), mapping);
  return { form: "galgo", digest, aggregate, base, baseFirst, points };
}

function ofText({ aggregate, base, states }: TextModel, digest: DigestName): Ingredients {
  return { form: "text", digest, aggregate, base, baseFirst: true, points: states };
}

const LIST_LINE = /^(?:state )?([0-9A-Fa-f]+)$/;

/** The coefficients of a list; undefined when it is something else: a model has an end, or any other keyword. */
function listOf(bytes: Buffer, source: string, digest: DigestName): readonly string[] | undefined {
  const lines = bytes.toString("latin1").split("\n");
  if (lines.at(-1) === "") lines.pop();
  const values = lines.map((line) => LIST_LINE.exec(line)?.[1]?.toLowerCase());
  if (values.length === 0 || values[0] === undefined) return undefined;
  const size = DIGEST_SIZES[digest];
  const wrong = values.findIndex((value) => value === undefined || !isHex(value, size));
  if (wrong < 0) return values.map((value) => value ?? "");
  if (values[wrong] === undefined && /^state /.test(lines[0] ?? "")) return undefined;
  throw new ModelUseError(
    "BAD_MODEL",
    `${quote(source)} line ${wrong + 1}: is no coefficient of ${size * 2} hex digits (${digest}; --digest names another)`,
  );
}

function digestOption(
  option: string,
  text: string | undefined,
  digest: DigestName,
): string | undefined {
  const value = text?.toLowerCase();
  if (value === undefined || isHex(value, DIGEST_SIZES[digest])) return value;
  throw new ModelUseError(
    "BAD_OPTION",
    `${option} takes ${DIGEST_SIZES[digest] * 2} hex digits (${digest}), not ${quote(value, 140)}`,
  );
}

/** Standard input to its end, within the limit of a model file, for `measureModel`. @throws ModelUseError, StreamError */
export async function readInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of openSource("-").chunks()) {
    size += chunk.length;
    if (size > MAX_MODEL_BYTES)
      throw new ModelUseError("BAD_MODEL", `standard input has more than ${MAX_MODEL_BYTES} bytes`);
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks);
}
