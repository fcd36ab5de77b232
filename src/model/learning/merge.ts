// SPDX-License-Identifier: Apache-2.0
// Makes one model of several that were learned apart (other tests, other machines): the union of what they allow.
import { quote } from "../../base/quote.ts";
import { ModelError, type ModelErrorCode } from "../errors.ts";
import type { Hasher } from "../hasher.ts";
import { BUILTIN_PROFILES, compareRules } from "../rules/rules.ts";
import {
  type Completeness,
  makeWorkloadModel,
  type ModelFidelity,
  type WorkloadModel,
  type WorkloadModelSpec,
} from "../file/workload-model.ts";

export interface MergeOptions {
  readonly name: string;
  /** Of the digest that the models use. */
  readonly hasher: Hasher;
}

/**
 * Union of the points; completeness summed; the weakest fidelity; sealed when all are. Throws `ModelError`: WRONG_MAPPING, WRONG_DIGEST,
 * or INCOMPATIBLE for anything else that gives the same behaviour other coefficients: sensor, aggregate, base, pseudonyms, rules.
 * Models whose rules differ can only be joined by learning again from all records together.
 */
export function mergeModels(
  models: readonly WorkloadModel[],
  options: MergeOptions,
): WorkloadModel {
  const terms = mergedTerms(models);
  const { hasher } = options;
  const [first] = models;
  if (first !== undefined && hasher.name !== terms.digest) {
    const problem = `${quote(first.metadata.name)} uses ${terms.digest}, not ${hasher.name}`;
    throw new ModelError("WRONG_DIGEST", problem);
  }
  for (const other of models) if (first !== undefined) refuseOtherRules(first, other);
  const content = {
    ...terms,
    name: options.name,
    profile: first?.spec.profile ?? BUILTIN_PROFILES.exact,
    points: models.flatMap((model) => model.spec.points),
    completeness: addedUp(models),
    ...amendmentsOf(models),
  };
  return makeWorkloadModel(content, hasher);
}

/** Points that were added by hand to any of them: as many as can be, because nobody knows which they were. */
function amendmentsOf(models: readonly WorkloadModel[]): Pick<WorkloadModelSpec, "amended"> {
  if (models.every(({ spec }) => spec.amended === undefined)) return {};
  const points = sum(models.map(({ spec }) => spec.amended?.points ?? 0));
  const distinct = new Set(models.flatMap(({ spec }) => spec.points)).size;
  return { amended: { points: Math.min(points, distinct), from: [] } };
}

/** What can be added up of the completeness of models whose runs are not at hand; of one model all. */
function addedUp(models: readonly WorkloadModel[]): Omit<Completeness, "behaviours"> {
  const all = models.map(({ spec }) => spec.completeness);
  const [first] = all;
  if (first !== undefined && all.length === 1) return first;
  return {
    runs: sum(all.map(({ runs }) => runs)),
    eventsSeen: sum(all.map(({ eventsSeen }) => eventsSeen)),
    eventsLost: sum(all.map(({ eventsLost }) => eventsLost)),
    saturation: all.flatMap(({ saturation }) => saturation),
    ...metByAny(models),
  };
}

/** Requirements of all, met where one of the models meets them. */
function metByAny(models: readonly WorkloadModel[]): Pick<Completeness, "requirements"> {
  const results = models.flatMap(({ spec }) => spec.completeness.requirements ?? []);
  const requirements = requirementsOf(models).map((require) => ({
    require,
    met: results.some((result) => result.require === require && result.met),
  }));
  return requirements.length === 0 ? {} : { requirements };
}

/** Must-have behaviours of models, as they were given; each once, in the order of the text. */
export function requirementsOf(models: readonly WorkloadModel[]): readonly string[] {
  const all = models.flatMap(({ spec }) => spec.completeness.requirements ?? []);
  return [...new Set(all.map(({ require }) => require))].sort();
}

/** What models have in common, apart from their rules and what they hold. */
export type MergedTerms = Pick<
  WorkloadModelSpec,
  "mapping" | "digest" | "aggregate" | "base" | "sealed" | "fidelity" | "pseudonyms"
>;

/**
 * The terms of a model made of all: sealed when all are, and the weakest fidelity. Throws `ModelError` WRONG_MAPPING, WRONG_DIGEST, or
 * INCOMPATIBLE when sensor, aggregate, base, pseudonyms or the name of the profile differ.
 */
export function mergedTerms(models: readonly WorkloadModel[]): MergedTerms {
  const [first, ...others] = models;
  if (first === undefined) throw new ModelError("INCOMPATIBLE", "there is no model to merge");
  for (const other of others) refuseDifferent(first, other);
  const { mapping, digest, aggregate, base, pseudonyms } = first.spec;
  return {
    mapping,
    digest,
    aggregate,
    ...(base !== undefined && { base }),
    sealed: models.every((model) => model.spec.sealed),
    fidelity: models.map((model) => model.spec.fidelity).reduce(weaker),
    pseudonyms,
  };
}

function refuser(a: WorkloadModel, b: WorkloadModel): (code: ModelErrorCode, why: string) => never {
  const names = `${quote(a.metadata.name)} and ${quote(b.metadata.name)}`;
  return (code, why) => {
    throw new ModelError(code, `${names} cannot be merged: ${why}`);
  };
}

function refuseDifferent(a: WorkloadModel, b: WorkloadModel): void {
  const refuse = refuser(a, b);
  const [x, y] = [a.spec, b.spec];
  if (x.mapping !== y.mapping) refuse("WRONG_MAPPING", `mappings ${x.mapping} and ${y.mapping}`);
  if (x.digest !== y.digest) refuse("WRONG_DIGEST", `digests ${x.digest} and ${y.digest}`);
  if (x.fidelity.sensor !== y.fidelity.sensor) {
    refuse(
      "INCOMPATIBLE",
      `learned with the sensors ${x.fidelity.sensor} and ${y.fidelity.sensor}`,
    );
  }
  if (x.aggregate !== y.aggregate) refuse("INCOMPATIBLE", "their aggregates differ");
  if (x.base !== y.base) refuse("INCOMPATIBLE", "their bases differ");
  if (x.pseudonyms.join() !== y.pseudonyms.join())
    refuse("INCOMPATIBLE", "their pseudonyms differ");
  if (x.profile.name !== y.profile.name)
    refuse("INCOMPATIBLE", `profiles ${quote(x.profile.name)} and ${quote(y.profile.name)}`);
}

function refuseOtherRules(a: WorkloadModel, b: WorkloadModel): void {
  if (!sameRules(a, b)) {
    refuser(a, b)(
      "INCOMPATIBLE",
      "their rules differ, so the same behaviour has other coefficients; learn one model from the records of all runs",
    );
  }
}

function sameRules(a: WorkloadModel, b: WorkloadModel): boolean {
  const [x, y] = [a.spec.profile.rules, b.spec.profile.rules];
  return (
    x.length === y.length &&
    x.every((rule, i) => y[i] !== undefined && compareRules(rule, y[i]) === 0)
  );
}

/** What both can do, and what either cannot. */
function weaker(a: ModelFidelity, b: ModelFidelity): ModelFidelity {
  return {
    sensor: a.sensor,
    sees: a.sees.filter((hook) => b.sees.includes(hook)).sort(),
    holds: a.holds.filter((hook) => b.holds.includes(hook)).sort(),
    absent: [...new Set([...a.absent, ...b.absent])].sort(),
    features: a.features.filter((feature) => b.features.includes(feature)).sort(),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
