// SPDX-License-Identifier: Apache-2.0
// Makes a model file from the records of one or more runs: the events are mapped anew under the wanted rules, after rules that
// only this workload needs were found. Deterministic: the same records give the same model.
import type { SecurityEvent } from "../event/event.ts";
import { isUntold } from "../event/index.ts";
import { cpuCountReads } from "./cpu-count.ts";
import type { Hasher } from "./hasher.ts";
import { IdentityMap, type IdentityRecord } from "./identities.ts";
import { createMapper, type EventMapper } from "./mapper.ts";
import type { MappingName } from "./mapping-names.ts";
import { createProfile, type Profile } from "./profile.ts";
import { applyPseudonyms } from "./pseudonym.ts";
import { rewrittenFileRules } from "./rewritten-files.ts";
import { compareRules, type ProfileSpec, type RuleSpec } from "./rules.ts";
import {
  type Completeness,
  makeWorkloadModel,
  type ModelFidelity,
  type WorkloadModel,
} from "./workload-model.ts";

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
  readonly completeness: Omit<Completeness, "behaviours">;
}

export interface LearnedModel {
  readonly model: WorkloadModel;
  /** The rules that were found and added to the profile. */
  readonly rules: readonly RuleSpec[];
  /** Who is behind each TASK_ID, under the rules of the model. */
  readonly identities: ReadonlyMap<string, IdentityRecord>;
}

/**
 * Learns from recorded events, raw as the sensor gave them, in the order of the runs; records of several runs follow each other.
 * Identity records (bprm_committed_creds: executable, credentials after exec, task id after exec) become no points; by them the task ids,
 * which the run computed under its own rules, are computed anew. The profile `exact` gets no rules.
 * Throws `ModelError` AMBIGUOUS_IDENTITY or UNKNOWN_IDENTITY when the records do not allow that.
 */
export function modelFromRecords(
  records: Iterable<SecurityEvent>,
  options: LearnOptions,
): LearnedModel {
  const mapper = createMapper(options.hasher, options.mapping);
  const recorded = [...records];
  const events = [...recorded, ...cpuCountReads(recorded, options.profile, mapper.emptyDigest)];
  const rules = options.profile.name === "exact" ? [] : findRules(events, options.profile, mapper);
  const profile = createProfile(withRules(options.profile, rules), mapper);
  const { points, identities } = mapAnew(events, { ...options, mapper, profile });
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
    points: [...points],
    completeness: options.completeness,
  };
  return { model: makeWorkloadModel(content, options.hasher), rules, identities };
}

function findRules(
  events: readonly SecurityEvent[],
  spec: ProfileSpec,
  mapper: EventMapper,
): readonly RuleSpec[] {
  const profile = createProfile(spec, mapper);
  const rewritten = events.map((e) => profile.rewrite(e));
  return rewrittenFileRules(rewritten, mapper.emptyDigest);
}

function withRules({ name, rules }: ProfileSpec, found: readonly RuleSpec[]): ProfileSpec {
  const all = [...rules, ...found].sort(compareRules);
  const distinct = all.filter((rule, i) => {
    const before = all[i - 1];
    return before === undefined || compareRules(before, rule) !== 0;
  });
  return { name, rules: distinct };
}

interface MapAnew {
  readonly mapper: EventMapper;
  readonly profile: Profile;
  readonly pseudonyms?: readonly string[];
}

function mapAnew(
  events: readonly SecurityEvent[],
  { mapper, profile, pseudonyms }: MapAnew,
): { readonly points: ReadonlySet<string>; readonly identities: IdentityMap["identities"] } {
  const ids = new IdentityMap(mapper, profile);
  for (const e of events) if (e.hook === "bprm_committed_creds" && !isUntold(e)) ids.learn(e);
  const hidden = new Set(pseudonyms);
  const points = new Set<string>();
  for (const e of events) {
    if (e.hook === "bprm_committed_creds") continue;
    const mapped = applyPseudonyms(profile.rewrite(ids.apply(e)), hidden, mapper);
    points.add(mapper.coefficient(mapped));
  }
  return { points, identities: ids.identities };
}
