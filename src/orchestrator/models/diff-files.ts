// SPDX-License-Identifier: Apache-2.0
// Compares model files, with the records beside them to tell what their points stand for.
import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { quote } from "../../base/quote.ts";
import { compareModels, type ModelComparison, type NamedRecord } from "../../model/diff/index.ts";
import type { WorkloadModel } from "../../model/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import { recordsFileOf } from "./learn-files.ts";
import { loadModel, readModelBytes } from "./model-use.ts";
import { cutNotice, readRecords } from "../records/record-file.ts";

/** Two compared model files. */
export interface FileComparison {
  readonly a: WorkloadModel;
  readonly b: WorkloadModel;
  readonly comparison: ModelComparison;
  /** What a reader should know of the comparison itself. */
  readonly notices: readonly string[];
}

/** @throws ModelUseError, RecordFileError */
export function compareModelFiles(fileA: string, fileB: string): FileComparison {
  const [a, b] = [loadModel(fileA), loadModel(fileB)];
  const notices: string[] = [];
  const [recordsA, recordsB] = [fileA, fileB].map((file) => recordsBeside(file, notices));
  const comparison = compareModels(
    { model: a, records: recordsA ?? [] },
    { model: b, records: recordsB ?? [] },
    nodeHasher,
  );
  return { a, b, comparison, notices: comparison.same ? [] : notices };
}

/** The records beside a model file; none, and a notice, when they are not there. @throws RecordFileError */
export function recordsBeside(modelFile: string, notices: string[]): readonly NamedRecord[] {
  const file = recordsFileOf(modelFile);
  if (!existsSync(file)) {
    notices.push(`${quote(file)} is not there: what only ${quote(modelFile)} allows has no name`);
    return [];
  }
  const records: NamedRecord[] = [];
  const reader = readRecords(file);
  for (let step = reader.next(); ; step = reader.next()) {
    if (step.done === true) {
      const cut = cutNotice(file, step.value);
      if (cut !== undefined) notices.push(cut);
      return records;
    }
    const { event, learned } = step.value;
    records.push({ event, ...(learned?.test === undefined ? {} : { test: learned.test }) });
  }
}

/** Where a model file lies, as a URI reference: relative to `cwd` when it is below it. */
export function uriOf(file: string, cwd: string): string {
  const path = resolve(cwd, file);
  const below = relative(cwd, path);
  if (below.startsWith("../") || below === "") return pathToFileURL(path).href;
  return below.split("/").map(encodeURIComponent).join("/");
}

/** Finds the line, from 1, of the first one that holds a text in quotation marks. @throws ModelUseError */
export function linesOfModel(file: string): (text: string) => number | undefined {
  const lines = new Map<string, number>();
  for (const [index, line] of readModelBytes(file).toString("utf8").split("\n").entries()) {
    const text = /^\s*"([0-9a-f]{64,128})",?$/.exec(line)?.[1];
    if (text !== undefined && !lines.has(text)) lines.set(text, index + 1);
  }
  return (text) => lines.get(text);
}
