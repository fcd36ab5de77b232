// SPDX-License-Identifier: Apache-2.0
// Pseudonyms: of paths, of the files in recorded events, and added to a model.
import { readFileSync, statSync } from "node:fs";
import { decodePath } from "../../base/path-text.ts";
import { quote } from "../../base/quote.ts";
import { parseRecord, readTsemRecord, RecordError } from "../../event/index.ts";
import type { SecurityEvent } from "../../event/index.ts";
import { makeWorkloadModel, pseudonymOf, writeTextModel } from "../../model/index.ts";
import type { DigestName, TextReading, WorkloadModel } from "../../model/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import { ModelUseError, RecordFileError } from "../errors.ts";
import { recordsFileOf } from "./learn-files.ts";
import { MAX_MODEL_BYTES } from "../limits.ts";
import { readLines } from "../records/line-reader.ts";
import { remap, runsBehind } from "./model-runs.ts";
import { loadAnyModel } from "./model-text-file.ts";
import { splitMark } from "../records/marks.ts";
import { writeModel, writeModelText } from "./write-model.ts";

export interface PseudonymRequest {
  readonly paths: readonly string[];
  /** File with records; the files that they open or map get a pseudonym too. */
  readonly trajectory?: string;
  /** Its content where it is no file that can be read; `trajectory` then only names it. */
  readonly content?: Buffer;
  /** Default: the model's, else sha256. */
  readonly digest?: DigestName;
  /** A model to add them to, and where the result is written. */
  readonly addTo?: { readonly model: string; readonly output: string };
}

export interface PseudonymResult {
  /** hex, in the order of the request */
  readonly pseudonyms: readonly string[];
  /** Records of the trajectory that open or map no file. */
  readonly passedOver: number;
  /** Pseudonyms that the model did not have yet. */
  readonly added: number;
  /** True when the points were made anew from the records beside the model, so that they follow. */
  readonly learnedAgain: boolean;
}

type Found = Pick<PseudonymResult, "pseudonyms" | "passedOver">;

/**
 * Pseudonyms of paths, and a model with them. Points that were made with the content of such a file stay where there are no records to
 * make them anew from; they are then never met again.
 * @throws ModelUseError, RecordFileError, StateError NOT_WRITABLE
 */
export function makePseudonyms(request: PseudonymRequest): PseudonymResult {
  const { addTo, digest } = request;
  if (addTo === undefined)
    return { ...find(request, digest ?? "sha256"), added: 0, learnedAgain: false };
  const any = loadAnyModel(addTo.model, digest === undefined ? {} : { digest });
  if (any.form === "galgo") {
    const found = find(request, any.model.spec.digest);
    return { ...found, ...addToGalgo(any.model, found.pseudonyms, addTo) };
  }
  const found = find(request, digest ?? "sha256");
  return { ...found, ...addToText(any.reading, found.pseudonyms, addTo) };
}

function find({ paths, trajectory, content }: PseudonymRequest, digest: DigestName): Found {
  const hasher = nodeHasher(digest);
  const named = paths.map((path) => pseudonymOf(wellTold(path), hasher));
  if (trajectory === undefined) return { pseudonyms: named, passedOver: 0 };
  const recorded = pathsIn(trajectory, content ?? recordBytes(trajectory));
  const known = recorded.filter((path) => path !== undefined);
  return {
    pseudonyms: [...named, ...known.map((path) => pseudonymOf(path, hasher))],
    passedOver: recorded.length - known.length,
  };
}

/** The command line was decoded already: what was no UTF-8 there can not be told from this character any more. */
function wellTold(path: string): string {
  if (!path.includes("\ufffd")) return path;
  throw new ModelUseError(
    "BAD_OPTION",
    `${quote(path)} is not UTF-8 text: give a record of the file with --trajectory`,
  );
}

/** @throws RecordFileError NO_FILE, TOO_LONG */
function recordBytes(file: string): Buffer {
  try {
    const { size } = statSync(file);
    if (size <= MAX_MODEL_BYTES) return readFileSync(file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new RecordFileError("NO_FILE", `can not read ${quote(file)} (${code})`, { cause });
  }
  const problem = `${quote(file)} is larger than ${MAX_MODEL_BYTES} bytes; give the records of the files in question`;
  throw new RecordFileError("TOO_LONG", problem);
}

/** The pathname of each record, undefined for one of a hook that has no file whose content could be hidden. */
function pathsIn(file: string, content: Buffer): readonly (string | undefined)[] {
  const lines = content.toString("latin1").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((bytes, i) => {
    const text = decodePath(Buffer.from(bytes, "latin1"));
    return pathnameOf(eventOf(text, `${quote(file)}: line ${i + 1}`));
  });
}

/** How Galgo's own records begin; a kernel writes no pid where there is no `export`. */
const OWN_RECORD = '{"event": {"pid": "';

function eventOf(text: string, place: string): SecurityEvent {
  try {
    if (text.startsWith(OWN_RECORD)) return parseRecord(splitMark(text).record);
    const record = readTsemRecord(text);
    if ("event" in record && record.event !== undefined) return record.event;
    throw new RecordError("BAD_MEMBER", `a record of kind ${record.kind} describes no event`);
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    throw new RecordFileError("BAD_RECORD", `${place}: ${error.message}`, { cause: error });
  }
}

/** The pathname whose pseudonym acts on an event. */
function pathnameOf(event: SecurityEvent): string | undefined {
  if (event.hook === "file_open") return event.cell.file.path.pathname;
  return event.hook === "mmap_file" ? event.cell.file?.path.pathname : undefined;
}

type AddTo = NonNullable<PseudonymRequest["addTo"]>;
type Added = Pick<PseudonymResult, "added" | "learnedAgain">;

function addToText(
  { model, signer }: TextReading,
  pseudonyms: readonly string[],
  addTo: AddTo,
): Added {
  if (signer !== undefined) {
    throw new ModelUseError(
      "BAD_OPTION",
      `${quote(addTo.model)} is signed: change what it was made of, then sign that (galgo model convert --sign-key)`,
    );
  }
  const all = new Set([...model.pseudonyms, ...pseudonyms]);
  writeModelText(addTo.output, writeTextModel({ ...model, pseudonyms: [...all] }));
  return { added: all.size - model.pseudonyms.length, learnedAgain: false };
}

function addToGalgo(
  model: WorkloadModel,
  pseudonyms: readonly string[],
  { model: file, output }: AddTo,
): Added {
  const { name } = model.metadata;
  const all = [...new Set([...model.spec.pseudonyms, ...pseudonyms])];
  const added = all.length - model.spec.pseudonyms.length;
  const records = recordsFileOf(file);
  const runs = runsBehind(model, records);
  const points = runs === undefined ? undefined : remap(runs, model, all)?.points;
  const content = { ...model.spec, name, pseudonyms: all };
  const hasher = nodeHasher(model.spec.digest);
  if (points === undefined) {
    writeModel(output, makeWorkloadModel(content, hasher));
    return { added, learnedAgain: false };
  }
  const texts = [...readLines(records)].map(({ text }) => text);
  const learned = makeWorkloadModel({ ...content, points: [...points] }, hasher);
  writeModel(output, learned, { file: recordsFileOf(output), texts });
  return { added, learnedAgain: true };
}
