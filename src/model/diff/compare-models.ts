// SPDX-License-Identifier: Apache-2.0
// Two models side by side: terms, rules, how they were learned, and what the workload does more, less and otherwise.
import { quote } from "../../base/quote.ts";
import type { DigestName, Hasher } from "../hasher.ts";
import { createMapper } from "../mapper.ts";
import { createProfile } from "../rules/profile.ts";
import { ruleKey, type RuleSpec } from "../rules/rules.ts";
import type { WorkloadModel } from "../file/workload-model.ts";
import { type BehaviourDiff, behaviourDiff, type DiffSide } from "./changes.ts";
import { type NamedBehaviours, type NamedRecord, type NamingTerms, nameRecords } from "./named.ts";
import { diffModels, type ModelDifference } from "./terms.ts";

/** A model and the records it was learned from, as far as there are any. */
export interface ModelSide {
  readonly model: WorkloadModel;
  readonly records: readonly NamedRecord[];
}

/** How the two were learned, where it differs, in words. */
export interface LearningDifference {
  /** Untrusted text in it is quoted. */
  readonly what: string;
  readonly a: string;
  readonly b: string;
}

export interface ModelComparison {
  /** The same behaviours under the same terms and rules. Names and how the models were learned do not count. */
  readonly same: boolean;
  readonly terms: readonly ModelDifference[];
  readonly rules: { readonly removed: readonly RuleSpec[]; readonly added: readonly RuleSpec[] };
  readonly learning: readonly LearningDifference[];
  /** Behaviours of both models, those included that other rules only spell otherwise. */
  readonly common: number;
  readonly behaviours: BehaviourDiff;
}

/** Compares `a`, the older one, with `b`. Records are only needed to tell what coefficients stand for. */
export function compareModels(
  a: ModelSide,
  b: ModelSide,
  hasher: (name: DigestName) => Hasher,
): ModelComparison {
  const plain = diffModels(a.model, b.model);
  const rules = ruleDifference(a.model, b.model);
  const terms = plain.differences.filter(({ what }) => what !== "profile" || sameRules(rules));
  const [inA, inB] = [termsOf(a.model, hasher), termsOf(b.model, hasher)];
  const [namedA, namedB] = [nameRecords(a.records, inA), nameRecords(b.records, inB)];
  const comparable = !terms.some(({ what }) => what === "mapping" || what === "digest");
  const again = comparable && !sameRules(rules);
  const sideA = side(namedA, plain.onlyInA, again ? spelled(a, namedA, inB) : undefined, b.model);
  const sideB = side(namedB, plain.onlyInB, again ? spelled(b, namedB, inA) : undefined, a.model);
  return {
    same: plain.same,
    terms,
    rules,
    learning: learningDifferences(a.model, b.model),
    common: b.model.spec.points.length - sideB.only.length,
    behaviours: behaviourDiff(sideA, sideB),
  };
}

/** The terms of a model, to compute coefficients with. */
export function termsOf(
  { spec }: WorkloadModel,
  hasher: (name: DigestName) => Hasher,
): NamingTerms {
  const mapper = createMapper(hasher(spec.digest), spec.mapping);
  const profile = createProfile(spec.profile, mapper);
  return { mapper, profile, pseudonyms: new Set(spec.pseudonyms) };
}

/** By coefficient under a model's own rules: the coefficients of the same records under those of the other model. */
type Spelling = ReadonlyMap<string, readonly (string | undefined)[]>;

function spelled({ records }: ModelSide, own: NamedBehaviours, other: NamingTerms): Spelling {
  const theirs = nameRecords(records, other).coefficients;
  const spelling = new Map<string, (string | undefined)[]>();
  for (const [index, coefficient] of own.coefficients.entries()) {
    if (coefficient === undefined) continue;
    const list = spelling.get(coefficient);
    if (list === undefined) spelling.set(coefficient, [theirs[index]]);
    else list.push(theirs[index]);
  }
  return spelling;
}

/** What is left of one side's own points when those are taken away that the other model allows under its rules. */
function side(
  named: NamedBehaviours,
  only: readonly string[],
  spelling: Spelling | undefined,
  other: WorkloadModel,
): DiffSide {
  if (spelling === undefined) return { ...named, only };
  const allowed = new Set(other.spec.points);
  const left = only.filter((coefficient) => {
    const theirs = spelling.get(coefficient);
    return theirs === undefined || theirs.some((point) => !allowed.has(point ?? ""));
  });
  return { ...named, only: left };
}

function ruleDifference(a: WorkloadModel, b: WorkloadModel): ModelComparison["rules"] {
  // what a rule rests on may differ where the rule does not
  const [inA, inB] = [a.spec.profile.rules, b.spec.profile.rules];
  const lackingIn = (others: readonly RuleSpec[]): ((rule: RuleSpec) => boolean) => {
    const known = new Set(others.map(ruleKey));
    return (rule) => !known.has(ruleKey(rule));
  };
  return { removed: inA.filter(lackingIn(inB)), added: inB.filter(lackingIn(inA)) };
}

function sameRules({ removed, added }: ModelComparison["rules"]): boolean {
  return removed.length === 0 && added.length === 0;
}

function learningDifferences(a: WorkloadModel, b: WorkloadModel): LearningDifference[] {
  const [inA, inB] = [learningFacts(a), learningFacts(b)];
  return [...new Set([...inA.keys(), ...inB.keys()])].flatMap((what) => {
    const [was, is] = [inA.get(what) ?? "none", inB.get(what) ?? "none"];
    return was === is ? [] : [{ what, a: was, b: is }];
  });
}

function learningFacts({ spec }: WorkloadModel): ReadonlyMap<string, string> {
  const { runs, eventsLost, requirements = [] } = spec.completeness;
  const { amended, promoted } = spec;
  return new Map([
    ["runs", `${runs}`],
    ["events lost", `${eventsLost}`],
    ["sealed", spec.sealed ? "yes" : "no"],
    ["added by hand", `${amended?.points ?? 0}`],
    ["clean shadow runs that it was promoted for", `${promoted?.runs ?? 0}`],
    ...requirements.map(({ require, met }): [string, string] => [
      `must have ${quote(require)}`,
      met ? "met" : "not met",
    ]),
  ]);
}
