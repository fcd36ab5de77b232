// SPDX-License-Identifier: Apache-2.0
// How complete what was learned is: per run, as a curve over all runs, by what nobody has seen yet, by what the workload did at all, by what it
// had to do, and by its tests. Order of the runs does not matter.
import type { SecurityEvent } from "../../event/event.ts";
import { activityOf } from "./activity.ts";
import { rarefaction } from "./completeness-estimates.ts";
import { MAX_MINUTES, MAX_REQUIREMENTS } from "./completeness-limits.ts";
import {
  ACTIVITY_KINDS,
  type ActivityKind,
  type CompletenessDetails,
  type RequirementResult,
  type RunSummary,
  type UnseenCounts,
} from "./completeness-types.ts";
import { ModelError } from "../errors.ts";
import type { LearningRun, MappedRun } from "../learning/learning-run.ts";
import { parseRequirement, type Requirement, type RunContext } from "./requirement.ts";
import { contextOfRun } from "./run-context.ts";
import { testSummaries } from "./test-summaries.ts";
import type { Completeness } from "../file/workload-model.ts";

/** What the coefficients do not tell. */
export interface CompletenessSource {
  /** The runs as they were recorded. */
  readonly learned: readonly LearningRun[];
  /** An event of each point that a run showed, by coefficient: any of them, as long as the same runs give the same one. */
  readonly described: ReadonlyMap<string, SecurityEvent>;
  /** Requirements as given; checked before by `parseRequirement`. */
  readonly required?: readonly string[];
  /** By id of a run: behaviours that a model of the others would refuse. */
  readonly surprises?: ReadonlyMap<string, number> | undefined;
}

/**
 * Everything that a model says of its completeness, but the number of its points. `runs` may come in any order, each once.
 * @throws ModelError BAD_REQUIREMENT
 */
export function completenessOf(
  runs: readonly MappedRun[],
  source: CompletenessSource,
): Omit<Completeness, "behaviours"> {
  const ordered = [...runs].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const shownIn = countRuns(ordered);
  const contexts = new Map(source.learned.map((run) => [run.id, contextOfRun(run)]));
  const requirements = requirementResults(source, contexts);
  const tests = testSummaries(ordered);
  return {
    runs: ordered.length,
    eventsSeen: sum(ordered, ({ facts: { eventsSeen } }) => eventsSeen),
    eventsLost: sum(ordered, ({ facts: { eventsLost } }) => eventsLost),
    saturation: saturationOf(ordered),
    perRun: ordered.map((run) => summaryOf(run, shownIn, source.surprises?.get(run.id))),
    curve: rarefaction(histogram(shownIn.values(), ordered.length), ordered.length),
    unseen: unseenCounts(ordered, shownIn),
    activity: activityCounts(source, contexts),
    ...(requirements.length > 0 && { requirements }),
    ...(tests.length > 0 && { tests }),
  };
}

/** Each run's behaviours count as new when no run before it, in the order of ids, had them. */
function saturationOf(runs: readonly MappedRun[]): readonly number[] {
  const seen = new Set<string>();
  return runs.flatMap(({ points }) => {
    const tenths = new Array<number>(10).fill(0);
    for (const [point, { tenth }] of points) {
      if (seen.has(point)) continue;
      seen.add(point);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    return tenths;
  });
}

/** In how many runs each behaviour was seen. */
function countRuns(runs: readonly MappedRun[]): ReadonlyMap<string, number> {
  const shownIn = new Map<string, number>();
  for (const { points } of runs)
    for (const point of points.keys()) shownIn.set(point, (shownIn.get(point) ?? 0) + 1);
  return shownIn;
}

function histogram(values: Iterable<number>, max: number): number[] {
  const counts = new Array<number>(max + 1).fill(0);
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

function summaryOf(
  { id, facts, points }: MappedRun,
  shownIn: ReadonlyMap<string, number>,
  surprises: number | undefined,
): RunSummary {
  const perMinute = minutesOf(points);
  return {
    id,
    eventsSeen: facts.eventsSeen,
    eventsLost: facts.eventsLost,
    durationMs: facts.durationMs,
    behaviours: points.size,
    onlyHere: [...points.keys()].filter((point) => shownIn.get(point) === 1).length,
    ...(perMinute !== undefined && { perMinute }),
    ...(surprises !== undefined && { surprises }),
  };
}

/** Behaviours by the minute in which they were first seen; undefined when that of one of them is not known. */
function minutesOf(points: MappedRun["points"]): number[] | undefined {
  const minutes: number[] = [];
  for (const { atMs } of points.values()) {
    if (atMs === undefined) return undefined;
    const minute = Math.min(MAX_MINUTES - 1, Math.max(0, Math.floor(atMs / 60_000)));
    while (minutes.length <= minute) minutes.push(0);
    minutes[minute] = (minutes[minute] ?? 0) + 1;
  }
  return minutes.length === 0 ? undefined : minutes;
}

function unseenCounts(
  runs: readonly MappedRun[],
  shownIn: ReadonlyMap<string, number>,
): UnseenCounts {
  const seen = new Map<string, number>();
  for (const { points } of runs)
    for (const [point, { count }] of points) seen.set(point, (seen.get(point) ?? 0) + count);
  const times = (counts: Iterable<number>, n: number): number =>
    [...counts].filter((count) => count === n).length;
  return {
    events: sum([...seen.values()], (count) => count),
    once: times(seen.values(), 1),
    twice: times(seen.values(), 2),
    inOneRun: times(shownIn.values(), 1),
    inTwoRuns: times(shownIn.values(), 2),
  };
}

/** An accept counts when somebody connected. */
function activityCounts(
  { described, learned }: CompletenessSource,
  contexts: ReadonlyMap<string, RunContext>,
): NonNullable<CompletenessDetails["activity"]> {
  const counts = new Map<ActivityKind, number>();
  for (const event of described.values()) {
    const kind = activityOf(event);
    if (kind !== undefined) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  if (!learned.some((run) => anyAccepted(run, contexts.get(run.id)))) counts.delete("accepts");
  const present = ACTIVITY_KINDS.filter((kind) => counts.has(kind));
  return Object.fromEntries(present.map((kind) => [kind, counts.get(kind) ?? 0]));
}

function anyAccepted({ records }: LearningRun, context: RunContext | undefined): boolean {
  return records.some(
    ({ event }) => event.hook === "socket_accept" && context?.accepted(event) === true,
  );
}

function requirementResults(
  { learned, required = [] }: CompletenessSource,
  contexts: ReadonlyMap<string, RunContext>,
): RequirementResult[] {
  return evaluate(required, learned, (run) => contexts.get(run.id) ?? contextOfRun(run));
}

/**
 * Which requirements the runs meet: each by any event of any run. In the order of the text, none twice.
 * @throws ModelError BAD_REQUIREMENT, also when there are more than `MAX_REQUIREMENTS`
 */
export function checkRequirements(
  required: readonly string[],
  learned: readonly LearningRun[],
): readonly RequirementResult[] {
  return evaluate(required, learned, contextOfRun);
}

function evaluate(
  required: readonly string[],
  learned: readonly LearningRun[],
  contextOf: (run: LearningRun) => RunContext,
): RequirementResult[] {
  const texts = [...new Set(required)].sort();
  if (texts.length > MAX_REQUIREMENTS) {
    const problem = `there are ${texts.length} requirements, and at most ${MAX_REQUIREMENTS} are allowed`;
    throw new ModelError("BAD_REQUIREMENT", problem);
  }
  const parsed = texts.map(parseRequirement);
  const open = new Set(parsed);
  for (const run of learned) if (open.size > 0) strike(open, run, contextOf(run));
  return parsed.map((requirement) => ({ require: requirement.text, met: !open.has(requirement) }));
}

/** Takes out what a run meets. */
function strike(open: Set<Requirement>, { records }: LearningRun, context: RunContext): void {
  for (const { event } of records)
    for (const requirement of open) if (requirement.metBy(event, context)) open.delete(requirement);
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
