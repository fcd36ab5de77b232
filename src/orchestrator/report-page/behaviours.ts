// SPDX-License-Identifier: Apache-2.0
// The behaviours that a report lists: what a run did, or what a model allows, named by records and counted.
import { existsSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import { describeEvent } from "../../event/index.ts";
import type { SecurityEvent } from "../../event/index.ts";
import { createMapper, createProfile } from "../../model/index.ts";
import type { WorkloadModel } from "../../model/index.ts";
import type { BehaviourRow, ReportBehaviours } from "../../model/report/data.ts";
import { REPORT_KINDS, reportKind } from "../../model/report/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import type { Actors } from "../records/actors.ts";
import { recordsFileOf } from "../models/learn-files.ts";
import { nameBehaviours } from "../models/model-files.ts";
import { mappedBehind } from "../models/model-runs.ts";
import { readPoints } from "../records/points-file.ts";
import type { FileRecord } from "../records/record-file.ts";
import { type Cast, Numbered } from "./cast.ts";
import { type Clock, UNKNOWN_MS } from "./clock.ts";
import { MAX_REPORT_BEHAVIOURS, MAX_REPORT_WORDS } from "./limits.ts";

/** One behaviour to be listed. */
interface Listed {
  readonly event: SecurityEvent;
  readonly actors: Actors;
  readonly count: number;
  readonly tests: readonly string[];
  readonly runs: number;
  /** Since the start (ms); -1: unknown. */
  readonly firstMs: number;
}

export interface ListParts {
  readonly cast: Cast;
  readonly clock: Clock;
}

/** What a run without a model did, in the order of discovery. */
export function behavioursOfRun(
  { records, actors }: { readonly records: readonly FileRecord[]; readonly actors: Actors },
  terms: { readonly model: WorkloadModel | undefined; readonly points: string },
  parts: ListParts,
): ReportBehaviours {
  const countOf = countsOf(terms.points);
  const coefficientOf = mapping(terms.model);
  const listed = records.map(({ event }): Listed => {
    const coefficient = coefficientOf(event);
    const count = coefficient === undefined ? 0 : (countOf.get(coefficient) ?? 0);
    const firstMs = parts.clock.ms(event.ts);
    return { event, actors, count, tests: [], runs: 0, firstMs };
  });
  return list("run", { listed, unnamed: 0 }, parts);
}

/** What a model allows, as far as the records beside its file name it. `points`: of the run whose counts are shown instead of those of learning. */
export function behavioursOfModel(
  { model, file }: { readonly model: WorkloadModel; readonly file: string },
  points: string | undefined,
  parts: ListParts,
): ReportBehaviours {
  const countOf = points === undefined ? undefined : countsOf(points);
  const named = nameBehaviours(model, file);
  const learned = learnedPoints(model, file);
  const listed: Listed[] = [];
  for (const coefficient of model.spec.points) {
    const behaviour = named.get(coefficient);
    if (behaviour === undefined) continue;
    const { count, tests, runs, firstMs } = learned.get(coefficient) ?? UNLEARNED;
    // when it was met first is told of learning, not of the run
    const counted =
      countOf === undefined
        ? { count, firstMs }
        : { count: countOf.get(coefficient) ?? 0, firstMs: UNKNOWN_MS };
    listed.push({ ...behaviour, ...counted, tests, runs });
  }
  const unnamed = model.spec.points.length - listed.length;
  return list(countOf === undefined ? "learned" : "model", { listed, unnamed }, parts);
}

/** What learning saw of a behaviour. */
type LearnedPoint = Pick<Listed, "count" | "tests" | "runs" | "firstMs">;

const UNLEARNED: LearnedPoint = { count: 0, tests: [], runs: 0, firstMs: UNKNOWN_MS };

/** By coefficient; empty when the model is not what its records would make of it. */
function learnedPoints(model: WorkloadModel, file: string): ReadonlyMap<string, LearnedPoint> {
  const found = new Map<string, LearnedPoint>();
  const behind = mappedBehind(model, recordsFileOf(file));
  for (const { points } of behind?.mapped.runs ?? [])
    for (const [coefficient, { count, tests, atMs = UNKNOWN_MS }] of points) {
      const known = found.get(coefficient) ?? UNLEARNED;
      const earlier = known.firstMs < 0 || (atMs >= 0 && atMs < known.firstMs);
      found.set(coefficient, {
        count: known.count + count,
        tests: [...new Set([...known.tests, ...tests])],
        runs: known.runs + 1,
        firstMs: earlier ? atMs : known.firstMs,
      });
    }
  return found;
}

/** How often each coefficient of a run was met. */
export function countsOf(points: string): ReadonlyMap<string, number> {
  if (!existsSync(points)) return new Map();
  return new Map(readPoints(points).map(({ coefficient, count }) => [coefficient, count]));
}

function mapping(model: WorkloadModel | undefined): (event: SecurityEvent) => string | undefined {
  if (model === undefined) return () => undefined;
  const mapper = createMapper(nodeHasher(model.spec.digest), model.spec.mapping);
  const profile = createProfile(model.spec.profile, mapper);
  return (event) => mapper.coefficient(profile.rewrite(event));
}

/** What the workload does, in words that fit into a row. */
export function wordsOf(event: SecurityEvent, actors: Actors): string {
  const words = describeEvent(event, (taskId) => actors.programOf(taskId));
  return words.length > MAX_REPORT_WORDS ? `${words.slice(0, MAX_REPORT_WORDS)}...` : words;
}

function list(
  of: ReportBehaviours["of"],
  { listed, unnamed }: { readonly listed: readonly Listed[]; readonly unnamed: number },
  { cast }: ListParts,
): ReportBehaviours {
  const hooks = new Numbered();
  const tests = new Numbered();
  const rows: BehaviourRow[] = [];
  const more = new Map<string, [program: number, kind: number, count: number]>();
  for (const { event, actors, count, tests: named, runs, firstMs } of listed) {
    const actor = cast.actor(actors, event.task);
    const kind = reportKind(event);
    if (rows.length < MAX_REPORT_BEHAVIOURS) {
      const hook = hooks.of(event.hook === "syscall" ? `syscall ${event.syscall}` : event.hook);
      const inTests = named.map((test) => tests.of(quote(test)));
      const words = wordsOf(event, actors);
      rows.push([actor, kind, hook, words, count, firstMs, inTests, runs]);
      continue;
    }
    const program = cast.actors[actor]?.program ?? 0;
    const key = `${program} ${kind}`;
    const known = more.get(key) ?? [program, kind, 0];
    known[2] += 1;
    more.set(key, known);
  }
  const [kinds, rest] = [[...REPORT_KINDS], [...more.values()]];
  return { of, kinds, hooks: hooks.texts, tests: tests.texts, rows, unnamed, more: rest };
}

/** Where no records are. */
export function noBehaviours(unnamed: number): ReportBehaviours {
  return {
    of: "unknown",
    kinds: [...REPORT_KINDS],
    hooks: [],
    tests: [],
    rows: [],
    unnamed,
    more: [],
  };
}
