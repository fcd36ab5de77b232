// SPDX-License-Identifier: Apache-2.0
// Makes a model file from recorded runs: the events are mapped anew under the wanted rules, after rules that only this workload needs
// were found. Deterministic: the same runs in any order give the same model.
import { completenessOf } from "../completeness/completeness.ts";
import { findRules, type FoundRules, type Varying } from "./generalise/find-rules.ts";
import type { Hasher } from "../hasher.ts";
import { type Learning, surprisesIn } from "./held-out.ts";
import type { IdentityRecord } from "./identities.ts";
import { distinctRuns, type LearningRun, type MappedRun } from "./learning-run.ts";
import { mapRuns } from "./map-runs.ts";
import { createMapper, type EventMapper } from "../mapper.ts";
import { sequencesOf, type WorkloadSequences } from "./sequences.ts";
import type { MappingName } from "../mapping-names.ts";
import { createProfile, type Profile } from "../rules/profile.ts";
import type { Amendments } from "../file/provenance.ts";
import { type ProfileSpec, type RuleSpec, withRules } from "../rules/rules.ts";
import {
  makeWorkloadModel,
  type ModelFidelity,
  type WorkloadModel,
} from "../file/workload-model.ts";

export interface LearnOptions {
  readonly name: string;
  readonly profile: ProfileSpec;
  readonly hasher: Hasher;
  readonly mapping?: MappingName;
  /** hex; zeros by default */
  readonly aggregate?: string;
  /** hex */
  readonly base?: string;
  /** hex */
  readonly pseudonyms?: readonly string[];
  readonly sealed?: boolean;
  readonly fidelity: ModelFidelity;
  /** Behaviours that the workload must have (requirement.ts); the model says which of them were met. */
  readonly required?: readonly string[];
  /** Learn sequences, too, with thresholds for so many false alarms a day. */
  readonly alarmsPerDay?: number;
}

export interface LearnedModel {
  readonly model: WorkloadModel;
  /** The rules that were found and added to the profile. */
  readonly rules: readonly RuleSpec[];
  /** What differed between runs and is covered by no rule. */
  readonly varying: readonly Varying[];
  /** Who is behind each TASK_ID, under the rules of the model. */
  readonly identities: ReadonlyMap<string, IdentityRecord>;
  /** What was learned from: each run once, ascending by id. */
  readonly given: readonly LearningRun[];
  /** The same runs under the rules of the model. */
  readonly runs: readonly MappedRun[];
}

/**
 * Learns from recorded runs; their order does not matter, and a run that is given twice counts once. The profile `exact` gets no rules.
 * Throws `ModelError` AMBIGUOUS_IDENTITY or UNKNOWN_IDENTITY when the records do not allow that the TASK_IDs are computed anew,
 * BAD_REQUIREMENT.
 */
export function modelFromRuns(given: readonly LearningRun[], options: LearnOptions): LearnedModel {
  const runs = distinctRuns(given);
  const mapper = createMapper(options.hasher, options.mapping);
  const learned = runs.filter(({ kind }) => kind !== "amend");
  const { rules, varying, profile } = rulesFor(learned, options, mapper);
  const mapped = mapRuns(runs, { ...options, mapper, profile });
  const { base } = options;
  const content = {
    name: options.name,
    mapping: mapper.mapping,
    profile: profile.spec,
    aggregate: options.aggregate ?? mapper.zeroDigest,
    ...(base !== undefined && { base }),
    sealed: options.sealed ?? false,
    fidelity: options.fidelity,
    pseudonyms: options.pseudonyms ?? [],
    points: [...mapped.points],
    ...amendmentsOf(runs, mapped.runs),
    ...sequencesFor(runs, mapped.runs, options),
    completeness: completenessOf(withoutAmendments(runs, mapped.runs), {
      learned,
      described: mapped.described,
      required: options.required ?? [],
      surprises: surprisesIn(learned, (others) => learningOf(others, options, mapper)),
    }),
  };
  return {
    model: makeWorkloadModel(content, options.hasher),
    rules,
    varying,
    identities: mapped.identities,
    given: runs,
    runs: mapped.runs,
  };
}

function sequencesFor(
  runs: readonly LearningRun[],
  mapped: readonly MappedRun[],
  { alarmsPerDay }: LearnOptions,
): { readonly sequences?: WorkloadSequences } {
  if (alarmsPerDay === undefined) return {};
  const sequenced = runs.flatMap((run, at) =>
    run.kind === "amend" ? [] : [{ run, coefficients: mapped[at]?.coefficients ?? [] }],
  );
  const sequences = sequencesOf(sequenced, alarmsPerDay);
  return sequences === undefined ? {} : { sequences };
}

/** The rules that runs show, and the profile with them. */
function rulesFor(
  runs: readonly LearningRun[],
  { profile }: LearnOptions,
  mapper: EventMapper,
): FoundRules & { readonly profile: Profile } {
  const none = { rules: [], varying: [] };
  const found = profile.name === "exact" ? none : findRules(runs, profile, mapper);
  return { ...found, profile: createProfile(withRules(profile, found.rules), mapper) };
}

/** What learning from these runs alone gives. */
function learningOf(
  runs: readonly LearningRun[],
  options: LearnOptions,
  mapper: EventMapper,
): Learning {
  const terms = { ...options, mapper, profile: rulesFor(runs, options, mapper).profile };
  return {
    mapped: mapRuns(runs, terms),
    pointsOf: (run) => mapRuns([run], terms).runs[0]?.points.keys() ?? [],
  };
}

function withoutAmendments(
  runs: readonly LearningRun[],
  mapped: readonly MappedRun[],
): readonly MappedRun[] {
  return mapped.filter((_, i) => runs[i]?.kind !== "amend");
}

/** How many points only amendments brought. */
function amendmentsOf(
  runs: readonly LearningRun[],
  mapped: readonly MappedRun[],
): { readonly amended?: Amendments } {
  if (!runs.some(({ kind }) => kind === "amend")) return {};
  const shown = new Set(
    withoutAmendments(runs, mapped).flatMap(({ points }) => [...points.keys()]),
  );
  const added = new Set(mapped.flatMap(({ points }) => [...points.keys()]));
  for (const point of shown) added.delete(point);
  return { amended: { points: added.size, from: [] } };
}
