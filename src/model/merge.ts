// SPDX-License-Identifier: Apache-2.0
// Makes one model of several that were learned apart (other tests, other machines): the union of what they allow.
import { quote } from "../base/quote.ts";
import { ModelError, type ModelErrorCode } from "./errors.ts";
import type { Hasher } from "./hasher.ts";
import { compareRules } from "./rules.ts";
import { makeWorkloadModel, type ModelFidelity, type WorkloadModel } from "./workload-model.ts";

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
  const [first, ...others] = models;
  if (first === undefined) throw new ModelError("INCOMPATIBLE", "there is no model to merge");
  for (const other of others) refuseDifferent(first, other);
  const { hasher } = options;
  if (hasher.name !== first.spec.digest) {
    const problem = `${quote(first.metadata.name)} uses ${first.spec.digest}, not ${hasher.name}`;
    throw new ModelError("WRONG_DIGEST", problem);
  }
  const { base } = first.spec;
  const content = {
    name: options.name,
    mapping: first.spec.mapping,
    profile: first.spec.profile,
    aggregate: first.spec.aggregate,
    ...(base !== undefined && { base }),
    sealed: models.every((model) => model.spec.sealed),
    fidelity: models.map((model) => model.spec.fidelity).reduce(weaker),
    pseudonyms: first.spec.pseudonyms,
    points: models.flatMap((model) => model.spec.points),
    completeness: {
      runs: sum(models.map((model) => model.spec.completeness.runs)),
      eventsSeen: sum(models.map((model) => model.spec.completeness.eventsSeen)),
      eventsLost: sum(models.map((model) => model.spec.completeness.eventsLost)),
      saturation: models.flatMap((model) => model.spec.completeness.saturation),
    },
  };
  return makeWorkloadModel(content, hasher);
}

function refuseDifferent(a: WorkloadModel, b: WorkloadModel): void {
  const names = `${quote(a.metadata.name)} and ${quote(b.metadata.name)}`;
  const refuse = (code: ModelErrorCode, why: string): never => {
    throw new ModelError(code, `${names} cannot be merged: ${why}`);
  };
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
  if (!sameRules(a, b)) {
    refuse(
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
    sees: a.sees.filter((hook) => b.sees.includes(hook)),
    holds: a.holds.filter((hook) => b.holds.includes(hook)),
    absent: [...new Set([...a.absent, ...b.absent])].sort(),
    features: a.features.filter((feature) => b.features.includes(feature)),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
