// SPDX-License-Identifier: Apache-2.0
// Explains a violation: who, what, which allowed behaviours are nearest and in what they differ, and the smallest change
// of the model that would allow it. Nothing here decides anything.
import { existsSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import type { SecurityEvent } from "../../event/index.ts";
import { type Advice, adviceFor } from "../../model/advice/index.ts";
import {
  applyPseudonyms,
  createMapper,
  createProfile,
  namePrograms,
  nearestBehaviours,
} from "../../model/index.ts";
import type { EventMapper, Nearest, Profile, WorkloadModel } from "../../model/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import type { Actor, Actors, IdentityRecord } from "../records/actors.ts";
import { type Cascade, cascades } from "./cascade.ts";
import { RecordFileError } from "../errors.ts";
import { recordsFileOf } from "../models/learn-files.ts";
import type { Mark } from "../records/marks.ts";
import { loadModelRecords } from "../models/model-records.ts";
import { cutNotice, loadRecords } from "../records/record-file.ts";
import type { FileRecord } from "../records/record-file.ts";

/** How many allowed behaviours are shown. */
const NEAREST = 3;
/** Behaviours that many times as far away as the nearest one explain nothing. */
const FAR = 1.5;

/** Where violations are, and what was allowed. */
export interface ExplainSource {
  readonly forensics: string;
  readonly model?: WorkloadModel;
  /** Where the model was read from: the records beside it name what it allows. */
  readonly modelFile?: string;
}

export interface ExplainRequest extends ExplainSource {
  /** Which violation, from 1. */
  readonly number: number;
}

/** A program of the chain, and whether it acts in the model, by the records of the model. */
export interface ChainLink extends Actor {
  /** `changed`: one of its path does, with other content, other parents or other credentials. Absent: nothing is known of the model. */
  readonly standing?: "known" | "changed" | "unknown";
}

/** What is known of the acting program under the model. */
export type ActorFinding =
  /** It acts in the model in the same way: same content, same parents, same credentials. */
  | { readonly kind: "known" }
  /** A program of this path is in the model, but not this one. */
  | {
      readonly kind: "changed";
      readonly known: IdentityRecord;
      readonly differs: readonly ActorDifference[];
    }
  /** No program of this path acts in the model. */
  | { readonly kind: "unknown" }
  /** Nothing is known of what the model allows. */
  | { readonly kind: "untold" };

export type ActorDifference = "content" | "started by another program" | "credentials";

export interface Explanation {
  readonly number: number;
  /** Violations that the file holds. */
  readonly total: number;
  readonly event: SecurityEvent;
  readonly mark: Mark;
  readonly chain: readonly ChainLink[];
  readonly actor: ActorFinding;
  /** As mapped: after the rules of the model's profile. */
  readonly nearest: readonly Neighbour[];
  /** What would cover it. */
  readonly advice: readonly Advice[];
  /** What was before and after it. */
  readonly cascade: Cascade;
  /** Programs behind all TASK_IDs that occur. */
  readonly actors: Actors;
  /** Things that a reader should know about the explanation itself. */
  readonly notices: readonly string[];
}

/** An allowed behaviour nearby. */
export interface Neighbour extends Nearest {
  /** Tests that showed it, ascending; untrusted text. */
  readonly tests: readonly string[];
}

/** All violations of a file, to be explained one by one. */
export interface Violations {
  readonly records: readonly FileRecord[];
  /** The one of this number, from 1. @throws RecordFileError: there is none */
  explain(number: number): Explanation;
}

/** @throws RecordFileError: no such file, a damaged one, or no violation of that number in it. */
export function explainViolation(request: ExplainRequest): Explanation {
  return openViolations(request).explain(request.number);
}

/** Reads everything once. @throws RecordFileError: no such file or a damaged one */
export function openViolations(source: ExplainSource): Violations {
  const { records, actors, cutBytes } = loadRecords(source.forensics);
  const violations = records.filter(({ mark }) => mark === undefined || mark.kind === "violation");
  const allowed = allowedBy(source, actors);
  const cut = cutNotice(source.forensics, { cutBytes });
  const notices = [...(cut === undefined ? [] : [cut]), ...allowed.notices];
  const nearest = nearestIn(source.model, allowed, actors);
  const cascadeOf = cascades(records, actors);
  const explain = (number: number): Explanation => {
    const record = violations[number - 1];
    if (record === undefined) throw noSuchViolation(source.forensics, number, violations.length);
    const { event, mark = { kind: "violation", number, decision: "observed" } } = record;
    const actor = findActor(event, actors, allowed);
    const chain = actors
      .chainOf(event.task)
      .map((link) => ({ ...link, ...standing(link, allowed) }));
    return {
      number,
      total: violations.length,
      event,
      mark,
      chain,
      actor,
      ...nearest(event, actor.kind === "known" ? chain.at(-1)?.program : undefined),
      cascade: cascadeOf(number, event),
      actors,
      notices,
    };
  };
  return { records: violations, explain };
}

function noSuchViolation(forensics: string, number: number, total: number): RecordFileError {
  const holds = total === 0 ? "holds no violation" : `holds ${total}, asked for number ${number}`;
  return new RecordFileError("NO_FILE", `${quote(forensics)} ${holds}`);
}

/** What the model allows, by the records that were kept when it was learned. */
interface Allowed {
  readonly events: readonly SecurityEvent[];
  readonly tests: readonly (string | undefined)[];
  /** TASK_IDs that act in the model. */
  readonly identities: ReadonlyMap<string, IdentityRecord>;
  readonly notices: readonly string[];
}

function allowedBy({ model, modelFile }: ExplainSource, actors: Actors): Allowed {
  const nothing = { events: [], tests: [], identities: new Map<string, IdentityRecord>() };
  if (modelFile === undefined)
    return { ...nothing, notices: ["no model is known for this run: nothing to compare with"] };
  const file = recordsFileOf(modelFile);
  if (!existsSync(file)) {
    const notice = `${quote(file)} is not there: a model alone does not say what it allows, so nothing can be compared`;
    return { ...nothing, notices: [notice] };
  }
  const known = loadModelRecords(file, model);
  for (const record of known.actors.all()) actors.add(record);
  const identities = new Map(known.actors.all().map((record) => [record.task.taskId, record]));
  const cut = cutNotice(file, known);
  const { events, tests } = known;
  return { events, tests, identities, notices: cut === undefined ? [] : [cut] };
}

function standing(
  { taskId, program }: Actor,
  { identities }: Allowed,
): Pick<ChainLink, "standing"> {
  if (identities.size === 0) return {};
  if (identities.has(taskId) || /^0+$/.test(taskId)) return { standing: "known" };
  const alike = [...identities.values()].some(({ cell }) => cell.file.path.pathname === program);
  return { standing: alike ? "changed" : "unknown" };
}

function findActor(event: SecurityEvent, actors: Actors, { identities }: Allowed): ActorFinding {
  if (identities.size === 0) return { kind: "untold" };
  const { taskId } = event.task;
  if (identities.has(taskId) || /^0+$/.test(taskId)) return { kind: "known" };
  const self = actors.get(taskId);
  if (self === undefined) return { kind: "unknown" };
  const candidates = [...identities.values()]
    .filter((known) => known.cell.file.path.pathname === self.cell.file.path.pathname)
    .map((known) => ({ known, differs: differences(known, self) }))
    .sort((a, b) => a.differs.length - b.differs.length);
  const [closest] = candidates;
  return closest === undefined ? { kind: "unknown" } : { kind: "changed", ...closest };
}

function differences(known: IdentityRecord, self: IdentityRecord): ActorDifference[] {
  const found: ActorDifference[] = [];
  if (known.cell.file.digest !== self.cell.file.digest) found.push("content");
  if (known.task.pTaskId !== self.task.pTaskId) found.push("started by another program");
  if (coeText(known) !== coeText(self)) found.push("credentials");
  return found;
}

function coeText({ coe }: IdentityRecord): string {
  return Object.values(coe).join();
}

type Nearby = Pick<Explanation, "nearest" | "advice">;

/** Nearest behaviours among those of the model; compared after its rules, so that what no rule looks at is not named. */
function nearestIn(
  model: WorkloadModel | undefined,
  known: Allowed,
  actors: Actors,
): (event: SecurityEvent, knownProgram: string | undefined) => Nearby {
  if (model === undefined || known.events.length === 0) return () => ({ nearest: [], advice: [] });
  const { rules } = model.spec.profile;
  const mapper = createMapper(nodeHasher(model.spec.digest), model.spec.mapping);
  const profile = createProfile(model.spec.profile, mapper);
  namePrograms([...known.identities.values(), ...actors.all()], { mapper, profile });
  const { candidates, testsOf } = candidatesOf(model, known, { mapper, profile });
  return (event, program) => {
    const mapped = profile.rewrite(event);
    const nearest = nearestBehaviours(mapped, candidates, NEAREST);
    const limit = (nearest[0]?.distance ?? 0) * FAR;
    const near = nearest.filter((one, i) => i === 0 || (one.distance <= limit && isClose(one)));
    // a program that the model does not know is the reason by itself
    const advice =
      program === undefined ? [] : adviceFor({ event, mapped, nearest, rules, program });
    return { nearest: near.map((one) => ({ ...one, tests: testsOf(one.event) })), advice };
  };
}

/** Of names only those explain something that lie in the same directory. */
function isClose({ differs }: Nearest): boolean {
  return differs
    .filter(({ field }) => field.endsWith("pathname"))
    .every(({ expected, got }) => directoryOf(expected) === directoryOf(got));
}

function directoryOf(pathname: string): string {
  return pathname.slice(0, pathname.lastIndexOf("/") + 1);
}

interface Candidates {
  readonly candidates: readonly SecurityEvent[];
  /** The tests that showed the same behaviour, in any run. */
  readonly testsOf: (candidate: SecurityEvent) => readonly string[];
}

/** What the model allowed, after its rules, each behaviour once: records may tell of more, when the model was amended since. */
function candidatesOf(
  { spec }: WorkloadModel,
  { events, tests }: Allowed,
  { mapper, profile }: { readonly mapper: EventMapper; readonly profile: Profile },
): Candidates {
  const points = new Set(spec.points);
  const pseudonyms = new Set(spec.pseudonyms);
  const found = new Map<string, { readonly event: SecurityEvent; readonly tests: Set<string> }>();
  const pointOf = new Map<SecurityEvent, string>();
  for (const [i, raw] of events.entries()) {
    if (!mapper.maps(raw.hook)) continue;
    const event = profile.rewrite(raw);
    const point = mapper.coefficient(applyPseudonyms(event, pseudonyms, mapper));
    if (!points.has(point)) continue;
    const known = found.get(point) ?? { event, tests: new Set<string>() };
    found.set(point, known);
    pointOf.set(known.event, point);
    const test = tests[i];
    if (test !== undefined) known.tests.add(test);
  }
  return {
    candidates: Array.from(found.values(), ({ event }) => event),
    testsOf: (event) => [...(found.get(pointOf.get(event) ?? "")?.tests ?? [])].sort(),
  };
}
