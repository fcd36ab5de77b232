// SPDX-License-Identifier: Apache-2.0
// Explains a violation: who, what, which allowed behaviours are nearest and in what they differ, and the smallest change
// of the model that would allow it. Nothing here decides anything.
import { existsSync } from "node:fs";
import { quote } from "../base/quote.ts";
import type { SecurityEvent } from "../event/index.ts";
import { createMapper, createProfile, nearestBehaviours } from "../model/index.ts";
import type { Nearest, WorkloadModel } from "../model/index.ts";
import { nodeHasher } from "../tma/index.ts";
import type { Actor, Actors, IdentityRecord } from "./actors.ts";
import { RecordFileError } from "./errors.ts";
import { recordsFileOf } from "./learn-files.ts";
import type { Mark } from "./marks.ts";
import { loadModelRecords } from "./model-records.ts";
import { cutNotice, loadRecords } from "./record-file.ts";
import type { FileRecord } from "./record-file.ts";

/** How many allowed behaviours are shown. */
const NEAREST = 3;
/** Behaviours that many times as far away as the nearest one explain nothing. */
const FAR = 2;

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
  readonly chain: readonly Actor[];
  readonly actor: ActorFinding;
  /** As mapped: after the rules of the model's profile. */
  readonly nearest: readonly Nearest[];
  /** Programs behind all TASK_IDs that occur. */
  readonly actors: Actors;
  /** Things that a reader should know about the explanation itself. */
  readonly notices: readonly string[];
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
  const nearest = nearestIn(source.model, allowed);
  const explain = (number: number): Explanation => {
    const record = violations[number - 1];
    if (record === undefined) throw noSuchViolation(source.forensics, number, violations.length);
    const { event, mark = { kind: "violation", number, decision: "observed" } } = record;
    return {
      number,
      total: violations.length,
      event,
      mark,
      chain: actors.chainOf(event.task),
      actor: findActor(event, actors, allowed),
      nearest: nearest(event),
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
  /** TASK_IDs that act in the model. */
  readonly identities: ReadonlyMap<string, IdentityRecord>;
  readonly notices: readonly string[];
}

function allowedBy({ model, modelFile }: ExplainSource, actors: Actors): Allowed {
  const nothing = { events: [], identities: new Map<string, IdentityRecord>() };
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
  return { events: known.events, identities, notices: cut === undefined ? [] : [cut] };
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

/** Nearest behaviours among those of the model; compared after its rules, so that what no rule looks at is not named. */
function nearestIn(
  model: WorkloadModel | undefined,
  { events }: Allowed,
): (event: SecurityEvent) => readonly Nearest[] {
  if (model === undefined || events.length === 0) return () => [];
  const mapper = createMapper(nodeHasher(model.spec.digest), model.spec.mapping);
  const profile = createProfile(model.spec.profile, mapper);
  const candidates = events.map((known) => profile.rewrite(known));
  return (event) => {
    const nearest = nearestBehaviours(profile.rewrite(event), candidates, NEAREST);
    const limit = (nearest[0]?.distance ?? 0) * FAR;
    return nearest.filter(({ distance }) => distance <= limit);
  };
}
