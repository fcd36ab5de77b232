// SPDX-License-Identifier: Apache-2.0
// What is done with model files and the records beside them: naming behaviours, comparing, combining, sealing.
import { existsSync } from "node:fs";
import { quote } from "../base/quote.ts";
import type { SecurityEvent } from "../event/index.ts";
import {
  BUILTIN_PROFILES,
  ModelError,
  applyPseudonyms,
  cpuCountReads,
  createMapper,
  createProfile,
  mergeModels,
  modelFromRecords,
} from "../model/index.ts";
import type { ProfileSpec, WorkloadModel } from "../model/index.ts";
import { nodeHasher } from "../tma/index.ts";
import type { Actors } from "./actors.ts";
import { ModelUseError } from "./errors.ts";
import { recordsFileOf } from "./learn-files.ts";
import { loadModel } from "./model-use.ts";
import { loadRecords } from "./record-file.ts";
import { readLines } from "./line-reader.ts";
import { writeModel } from "./write-model.ts";

/** A behaviour behind a coefficient. */
export interface NamedBehaviour {
  readonly event: SecurityEvent;
  readonly actors: Actors;
}

/** The events behind the points of a model, as far as the records beside its file tell. */
export function nameBehaviours(model: WorkloadModel, file: string): Map<string, NamedBehaviour> {
  const named = new Map<string, NamedBehaviour>();
  const recordsFile = recordsFileOf(file);
  if (!existsSync(recordsFile)) return named;
  const { records, actors } = loadRecords(recordsFile);
  const mapper = createMapper(nodeHasher(model.spec.digest), model.spec.mapping);
  const profile = createProfile(model.spec.profile, mapper);
  const pseudonyms = new Set(model.spec.pseudonyms);
  const events = records.map(({ event }) => event);
  const expected = cpuCountReads(events, model.spec.profile, mapper.emptyDigest);
  for (const event of [...events, ...expected]) {
    const coefficient = mapper.coefficient(
      applyPseudonyms(profile.rewrite(event), pseudonyms, mapper),
    );
    if (!named.has(coefficient)) named.set(coefficient, { event, actors });
  }
  return named;
}

export interface MergeRequest {
  readonly files: readonly string[];
  readonly name?: string;
  readonly output: string;
}

export interface MergeResult {
  readonly model: WorkloadModel;
  /** True when the models had to be made anew from their records, because their rules differ. */
  readonly learnedAgain: boolean;
  /** Where the records of all were put together; undefined when one of them has none. */
  readonly recordsFile: string | undefined;
}

/**
 * Combines models and, where all have them, their records. Nothing is written when they do not fit together.
 * @throws ModelUseError, StateError NOT_WRITABLE
 */
export function mergeModelFiles({ files, name, output }: MergeRequest): MergeResult {
  const models = files.map((file) => loadModel(file));
  const [first] = models;
  if (first === undefined) throw new ModelUseError("NO_MODEL", "there is no model to merge");
  const records = files.map(recordsFileOf);
  const complete = records.every((file) => existsSync(file));
  const wanted = name ?? first.metadata.name;
  const joined = join(models, wanted) ?? learnAgain(models, { name: wanted, records, complete });
  const recordsFile = complete ? recordsFileOf(output) : undefined;
  const texts = complete ? distinctLines(records) : [];
  writeModel(
    output,
    joined.model,
    recordsFile === undefined ? undefined : { file: recordsFile, texts },
  );
  return { ...joined, recordsFile };
}

interface Joined {
  readonly model: WorkloadModel;
  readonly learnedAgain: boolean;
}

/** The union, or undefined when only the rules differ. */
function join(models: readonly WorkloadModel[], name: string): Joined | undefined {
  const hasher = nodeHasher(models[0]?.spec.digest ?? "sha256");
  try {
    return { model: mergeModels(models, { name, hasher }), learnedAgain: false };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    if (error.code === "INCOMPATIBLE" && sameButRules(models, name)) return undefined;
    throw new ModelUseError("BAD_MODEL", error.message, { cause: error });
  }
}

/** True when the models would fit if their rules were the same. */
function sameButRules(models: readonly WorkloadModel[], name: string): boolean {
  const [first] = models;
  if (
    first === undefined ||
    models.some((model) => model.spec.profile.name !== first.spec.profile.name)
  )
    return false;
  const { profile } = first.spec;
  try {
    const alike = models.map((model) => ({ ...model, spec: { ...model.spec, profile } }));
    mergeModels(alike, { name, hasher: nodeHasher(first.spec.digest) });
    return true;
  } catch {
    return false;
  }
}

interface Again {
  readonly name: string;
  readonly records: readonly string[];
  readonly complete: boolean;
}

/** One model from the records of all, under the rules of all. */
function learnAgain(models: readonly WorkloadModel[], { name, records, complete }: Again): Joined {
  const [first] = models;
  if (first === undefined || !complete) {
    const missing = records.filter((file) => !existsSync(file)).map((file) => quote(file));
    throw new ModelUseError(
      "BAD_MODEL",
      `the rules of these models differ, so they can only be combined with their records; missing: ${missing.join(", ")}`,
    );
  }
  const alike = models.map((model) => ({
    ...model,
    spec: { ...model.spec, profile: first.spec.profile },
  }));
  const terms = mergeModels(alike, { name, hasher: nodeHasher(first.spec.digest) });
  const profile = rulesOfAll(models);
  const model = relearn({ ...terms, spec: { ...terms.spec, profile } }, records);
  return { model, learnedAgain: true };
}

/**
 * A model made anew from records, under the terms of a model: everything of it but its points and state.
 * @throws ModelError, RecordFileError
 */
export function relearn(terms: WorkloadModel, records: readonly string[]): WorkloadModel {
  const { digest, base, ...spec } = terms.spec;
  return modelFromRecords(eventsIn(records), {
    name: terms.metadata.name,
    profile: spec.profile,
    hasher: nodeHasher(digest),
    mapping: spec.mapping,
    aggregate: spec.aggregate,
    ...(base === undefined ? {} : { base }),
    pseudonyms: spec.pseudonyms,
    sealed: spec.sealed,
    fidelity: spec.fidelity,
    completeness: spec.completeness,
  }).model;
}

function rulesOfAll(models: readonly WorkloadModel[]): ProfileSpec {
  const name = models[0]?.spec.profile.name ?? "portable";
  const builtin = name === "exact" || name === "portable" ? BUILTIN_PROFILES[name].rules : [];
  const all = [...builtin, ...models.flatMap((model) => model.spec.profile.rules)];
  const distinct = new Map(all.map((rule) => [JSON.stringify(rule), rule]));
  return { name, rules: [...distinct.values()] };
}

function* eventsIn(files: readonly string[]): Generator<SecurityEvent> {
  for (const file of files) {
    const { records, actors } = loadRecords(file);
    yield* actors.all();
    for (const { event } of records) yield event;
  }
}

function distinctLines(files: readonly string[]): string[] {
  const lines = new Set<string>();
  for (const file of files) for (const { text } of readLines(file)) lines.add(text);
  return [...lines];
}

export interface SealRequest {
  readonly file: string;
  readonly output?: string;
  /** Seal although events were lost while learning. */
  readonly allowLoss: boolean;
}

/** @throws ModelUseError LOSSY, StateError NOT_WRITABLE */
export function sealModelFile({ file, output, allowLoss }: SealRequest): WorkloadModel {
  const model = loadModel(file);
  const { eventsLost } = model.spec.completeness;
  if (eventsLost > 0 && !allowLoss) {
    throw new ModelUseError(
      "LOSSY",
      `${quote(file)} was learned while ${eventsLost} events were lost, so it is incomplete; learn again, or say --allow-loss`,
    );
  }
  const sealed: WorkloadModel = { ...model, spec: { ...model.spec, sealed: true } };
  writeModel(output ?? file, sealed);
  return sealed;
}
