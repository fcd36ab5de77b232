// SPDX-License-Identifier: Apache-2.0
// Maps recorded runs under the rules of a model: what becomes the model's points, run by run.
import type { SecurityEvent } from "../../event/event.ts";
import { isUntold } from "../../event/index.ts";
import { expectedEvents } from "../rules/expected.ts";
import { IdentityMap, type IdentityRecord } from "./identities.ts";
import type { LearningRun, MappedPoint, MappedRun } from "./learning-run.ts";
import type { EventMapper } from "../mapper.ts";
import type { Profile } from "../rules/profile.ts";
import { applyPseudonyms } from "../pseudonym.ts";

export interface MapTerms {
  readonly mapper: EventMapper;
  readonly profile: Profile;
  /** hex */
  readonly pseudonyms?: readonly string[];
}

export interface MappedRuns {
  readonly runs: readonly MappedRun[];
  /** Coefficients of all runs, and of what the rules expect although no run showed it. */
  readonly points: ReadonlySet<string>;
  /** By coefficient, the first event that showed it, as it was recorded. */
  readonly described: ReadonlyMap<string, SecurityEvent>;
  /** Who is behind each TASK_ID, under the rules. */
  readonly identities: ReadonlyMap<string, IdentityRecord>;
}

/**
 * Maps runs. Identity records (bprm_committed_creds: executable, credentials after exec, task id after exec) become no points; by them the
 * task ids, which the runs computed under their own rules, are computed anew.
 * Throws `ModelError` AMBIGUOUS_IDENTITY or UNKNOWN_IDENTITY when the records do not allow that.
 */
export function mapRuns(runs: readonly LearningRun[], terms: MapTerms): MappedRuns {
  const { mapper, profile } = terms;
  const ids = identitiesOf(
    runs.flatMap(({ records }) => records.map(({ event }) => event)),
    terms,
  );
  const hidden = new Set(terms.pseudonyms);
  const coefficientOf = (e: SecurityEvent): string =>
    mapper.coefficient(applyPseudonyms(profile.rewrite(ids.apply(e)), hidden, mapper));
  const described = new Map<string, SecurityEvent>();
  const describing = (e: SecurityEvent): string => {
    const coefficient = coefficientOf(e);
    if (!described.has(coefficient)) described.set(coefficient, e);
    return coefficient;
  };
  const mapped = runs.map((run) => mapRun(run, describing));
  const points = new Set<string>();
  for (const [index, run] of runs.entries()) {
    for (const coefficient of mapped[index]?.points.keys() ?? []) points.add(coefficient);
    const events = run.records.map(({ event }) => event);
    for (const e of expectedEvents(events, profile.spec, mapper.emptyDigest))
      points.add(coefficientOf(e));
  }
  return { runs: mapped, points, described, identities: ids.identities };
}

/** The identities that recorded events give, under the rules. Throws as `mapRuns`. */
export function identitiesOf(
  events: Iterable<SecurityEvent>,
  { mapper, profile }: Pick<MapTerms, "mapper" | "profile">,
): IdentityMap {
  const ids = new IdentityMap(mapper, profile);
  for (const e of events) if (e.hook === "bprm_committed_creds" && !isUntold(e)) ids.learn(e);
  return ids;
}

/**
 * Recorded events, identity records among them, with the TASK_IDs that they have under the rules; nothing else is rewritten yet.
 * Throws as `mapRuns`.
 */
export function carriedOver(
  events: readonly SecurityEvent[],
  terms: Pick<MapTerms, "mapper" | "profile">,
): readonly SecurityEvent[] {
  const ids = identitiesOf(events, terms);
  return events.map((e) => ids.apply(e));
}

function mapRun(run: LearningRun, coefficientOf: (e: SecurityEvent) => string): MappedRun {
  const points = new Map<string, MappedPoint>();
  const coefficients: string[] = [];
  const behaviours = run.records.filter(({ event }) => event.hook !== "bprm_committed_creds");
  const tenthOf = tenths(run.facts.saturation, behaviours.length);
  for (const [index, { event, count, test, atMs }] of behaviours.entries()) {
    const coefficient = coefficientOf(event);
    coefficients.push(coefficient);
    const known = points.get(coefficient);
    const tests = test === undefined ? [] : [test];
    points.set(coefficient, {
      count: count + (known?.count ?? 0),
      tests: [...new Set([...(known?.tests ?? []), ...tests])].sort(),
      ...earlier(known?.atMs, atMs),
      tenth: known?.tenth ?? tenthOf(index),
    });
  }
  return { id: run.id, facts: run.facts, points, coefficients };
}

function earlier(a: number | undefined, b: number | undefined): { readonly atMs?: number } {
  const known = [a, b].filter((ms) => ms !== undefined);
  return known.length === 0 ? {} : { atMs: Math.min(...known) };
}

/** In which tenth of a run its n-th behaviour was found: the run says how many were found in each, and records are in that order. */
function tenths(saturation: readonly number[], behaviours: number): (index: number) => number {
  const total = saturation.reduce((sum, found) => sum + found, 0);
  if (saturation.length !== 10 || total !== behaviours)
    return (index) => Math.min(9, Math.floor((index * 10) / Math.max(1, behaviours)));
  const tenthOf = saturation.flatMap((found, tenth) => new Array<number>(found).fill(tenth));
  return (index) => tenthOf[index] ?? 9;
}
