// SPDX-License-Identifier: Apache-2.0
// Merging model files: one model of all runs behind them, or, where records are missing, of the points of all.
import { existsSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import {
  BUILTIN_PROFILES,
  isAsked,
  mergeModels,
  ModelError,
  mergedTerms,
  modelFromRuns,
  requirementsOf,
  withAskedRules,
} from "../../model/index.ts";
import type {
  LearningRun,
  LearnedModel,
  OwnRule,
  ProfileSpec,
  WorkloadModel,
} from "../../model/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import { ModelUseError } from "../errors.ts";
import { recordsFileOf } from "./learn-files.ts";
import { learningRunLines } from "./learning-runs.ts";
import { runsBehind } from "./model-runs.ts";
import { loadModel } from "./model-use.ts";
import { writeModel } from "./write-model.ts";

export interface MergeRequest {
  readonly files: readonly string[];
  /** Default: that of the models, the first in byte order when they differ. */
  readonly name?: string;
  readonly output: string;
}

export interface MergeResult {
  readonly model: WorkloadModel;
  /** What was learned from the runs of all; undefined when there were only points to join, because records are missing. */
  readonly learned: LearnedModel | undefined;
  /** Where the records of all were put together. */
  readonly recordsFile: string | undefined;
}

/**
 * Combines models. Where all have their records, the result is what learning from all their runs gives, whatever the order of the files.
 * Nothing is written when they do not fit together.
 * @throws ModelUseError, RecordFileError, StateError NOT_WRITABLE
 */
export function mergeModelFiles({ files, name, output }: MergeRequest): MergeResult {
  const models = files.map((file) => loadModel(file));
  const [first] = models;
  if (first === undefined) throw new ModelUseError("NO_MODEL", "there is no model to merge");
  const wanted = name ?? models.map((model) => model.metadata.name).sort()[0] ?? "";
  const behind = models.map((model, i) => runsBehind(model, recordsFileOf(files[i] ?? "")));
  const runs = behind.every((found) => found !== undefined) ? behind.flat() : undefined;
  if (runs === undefined) {
    const model = join(models, wanted, files);
    writeModel(output, model);
    return { model, learned: undefined, recordsFile: undefined };
  }
  const learned = learnAgain(models, wanted, runs);
  const recordsFile = recordsFileOf(output);
  const texts = [...learningRunLines(learned.given)];
  writeModel(output, learned.model, { file: recordsFile, texts });
  return { model: learned.model, learned, recordsFile };
}

/** The union of the points. */
function join(
  models: readonly WorkloadModel[],
  name: string,
  files: readonly string[],
): WorkloadModel {
  const hasher = nodeHasher(models[0]?.spec.digest ?? "sha256");
  try {
    return mergeModels(models, { name, hasher });
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const missing = files.map(recordsFileOf).filter((file) => !existsSync(file));
    const hint =
      error.code === "INCOMPATIBLE" && missing.length > 0
        ? `; missing: ${missing.map((file) => quote(file)).join(", ")}`
        : "";
    throw new ModelUseError("BAD_MODEL", `${error.message}${hint}`, { cause: error });
  }
}

/**
 * One model of these runs, under the terms of the models and, besides the rules that were asked for with them, `asked`.
 * @throws ModelUseError BAD_MODEL, BAD_OPTION
 */
export function learnAgain(
  models: readonly WorkloadModel[],
  name: string,
  runs: readonly LearningRun[],
  asked: readonly OwnRule[] = [],
): LearnedModel {
  try {
    const { mapping, digest, aggregate, base, sealed, fidelity, pseudonyms } = mergedTerms(models);
    return modelFromRuns(runs, {
      name,
      profile: withAskedRules(profileOf(models), asked),
      hasher: nodeHasher(digest),
      mapping,
      aggregate,
      ...(base === undefined ? {} : { base }),
      pseudonyms,
      sealed,
      fidelity,
      required: requirementsOf(models),
      ...strictestBudget(models),
    });
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const code = error.code === "BAD_RULE" ? "BAD_OPTION" : "BAD_MODEL";
    throw new ModelUseError(code, error.message, { cause: error });
  }
}

/** Sequences are learned again where they were learned before. */
function strictestBudget(models: readonly WorkloadModel[]): { readonly alarmsPerDay?: number } {
  const budgets = models.flatMap(({ spec }) => spec.sequences?.alarmsPerDay ?? []);
  return budgets.length === 0 ? {} : { alarmsPerDay: Math.min(...budgets) };
}

/** What learning starts from: the built-in rules, and those that somebody asked for. Found ones are found again. */
function profileOf(models: readonly WorkloadModel[]): ProfileSpec {
  const name = models[0]?.spec.profile.name ?? "portable";
  if (name !== "portable") return BUILTIN_PROFILES.exact;
  const asked = models.flatMap(({ spec }) => spec.profile.rules.filter(isAsked));
  return { name, rules: [...BUILTIN_PROFILES.portable.rules, ...asked] };
}
