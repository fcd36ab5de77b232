// SPDX-License-Identifier: Apache-2.0
// Where the violations of a run are, and what was allowed: what an explanation is made of.
import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import { loadModel, readRunRecord } from "../orchestrator/inspect/index.ts";
import type { RunDirectory, Target } from "../orchestrator/inspect/index.ts";
import type { WorkloadModel } from "../model/index.ts";

export type WhySource =
  | { readonly forensics: string }
  | { readonly forensics: string; readonly modelFile: string; readonly model: WorkloadModel };

/** Below the current folder the rest of a path is enough. */
export function nearPath(path: string): string {
  const below = relative(process.cwd(), path);
  return below.startsWith("..") ? path : below;
}

/** @param chosen a model to explain by instead of the run's own @throws RecordFileError, StateError, ModelUseError */
export function whySource(
  target: Exclude<Target, { kind: "model" }>,
  chosen: string | undefined,
): WhySource {
  if (target.kind === "run") return runSource(target.run, chosen);
  if (chosen === undefined) return { forensics: target.file };
  return { forensics: target.file, modelFile: chosen, model: loadModel(chosen) };
}

function runSource(run: RunDirectory, chosen: string | undefined): WhySource {
  const record = readRunRecord(run.run);
  const modelFile =
    chosen ?? (record.modelFile === undefined ? undefined : resolve(record.cwd, record.modelFile));
  if (modelFile === undefined) return { forensics: run.forensics };
  // the file may have gone since: the run keeps its own copy, and only the records are looked for beside the file
  const model = loadModel(chosen ?? (existsSync(run.model) ? run.model : modelFile));
  return { forensics: run.forensics, modelFile, model };
}
