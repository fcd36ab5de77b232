// SPDX-License-Identifier: Apache-2.0
// A Trusted Modeling Agent in the thread that asks it: profile -> pseudonyms -> mapping -> model. The model may be kept elsewhere.
import type {
  Coe,
  EventOf,
  FileId,
  HookName,
  SecurityEvent,
  TaskIdentity,
} from "../event/index.ts";
import {
  applyPseudonyms,
  beginModel,
  createMapper,
  createModel,
  createProfile,
  ModelError,
  namePrograms,
  programName,
  rulesFit,
} from "../model/runtime/index.ts";
import type {
  DigestName,
  MappingName,
  Model,
  ModelCounts,
  EventMapper,
  PointObserver,
  Profile,
  ProfileSpec,
  SecurityPoint,
} from "../model/runtime/index.ts";
import type { Assessment, TrustedModelingAgent } from "./agent.ts";
import { AgentError } from "./agent-errors.ts";
import { createLinkedModel, type AskedModel } from "./linked-model.ts";
import type { ModelAgent } from "./model-agent.ts";
import { nodeHasher } from "./node-hasher.ts";
import type { Place } from "./places/place.ts";
import { startAgent } from "./places/start.ts";
import { monotonicMs, openDoorTo } from "./places/verdict-door.ts";
import type { DoorClient } from "./remote/door-client.ts";
import { createRemoteModel } from "./remote/remote-model.ts";

/** What an agent starts with. Plain data: it can be posted to a thread or sent over a pipe. */
export interface TmaSpec {
  readonly mapping: MappingName;
  readonly digest: DigestName;
  readonly profile: ProfileSpec;
  /** hex */
  readonly aggregate?: string;
  /** hex */
  readonly base?: string;
  /** Coefficients (hex) that are known from the start. */
  readonly points: readonly string[];
  /** hex */
  readonly pseudonyms: readonly string[];
  readonly sealed: boolean;
  /** Where the model is kept; undefined: in the asking thread. */
  readonly place?: Place;
  /** The sensor knows less than a TSEM kernel, and the mapping hashes what it does not know: whoever brings its events gives that fixed values. */
  readonly fillsUnknown?: boolean;
}

/** The agent, the identities that its mapping gives to tasks, and what is read out at the end. */
export interface NamespaceTma extends TrustedModelingAgent {
  /** The first task of the namespace before its first exec. */
  readonly root: TaskIdentity;
  /** Digest of no bytes, hex. */
  readonly emptyDigest: string;
  /** False when the rules drop the content digest of such a file. */
  wantsDigest(hook: HookName, flags: number, pathname: string, temporary?: string): boolean;
  /** A child has both ids from its parent until it execs. */
  forked(parent: TaskIdentity): TaskIdentity;
  /** A new TASK_ID from the program and its credentials; PTASK_ID stays. */
  execed(before: TaskIdentity, coe: Coe, file: FileId): TaskIdentity;
  /** Takes an identity record's word for who is behind its TASK_ID, when the TASK_ID is the digest of what it says. */
  introduce(record: EventOf<"bprm_committed_creds">): void;
  /**
   * True when another process that does the same may have another coefficient, because a template asks for the number of the process.
   */
  dependsOnProcess(event: SecurityEvent): boolean;
  /** The coefficient of an event under the rules, hex, without asking the model. */
  coefficient(event: SecurityEvent): string;
  /** The coefficient of an event that is inside the model, hex; nothing is counted or added. undefined: it is outside, or can not be mapped. */
  pointOf(event: SecurityEvent): string | undefined;
  /** As `assess`, of an event whose coefficient is known already. */
  observe(coefficient: string): Assessment;
  /** A known coefficient was seen `count` times more, by whoever recognises it without asking. */
  repeated(coefficient: string, count: number): void;
  /** Folds the platform's value in; false when the model is sealed or has this one. */
  setAggregate(hex: string): boolean;
  /** A behaviour more, not seen yet. @throws ModelError SEALED, BAD_FIELD */
  load(coefficient: string): void;
  /** @throws ModelError SEALED, BAD_FIELD */
  addPseudonym(hex: string): void;
  /** @throws ModelError SEALED, BAD_FIELD */
  setBase(hex: string): void;
  readonly sealed: boolean;
  /** In the order of discovery; loaded ones first. */
  points(): readonly SecurityPoint[];
  readonly counts: ModelCounts;
}

/**
 * `observer` is told of every point of the model, the loaded ones included.
 * @throws ModelError when a value of the spec is not one of its digest, or INCOMPATIBLE when its profile does not go with its mapping.
 */
export function createTma(spec: TmaSpec, observer?: PointObserver): NamespaceTma {
  if (!rulesFit(spec.profile, spec.mapping)) {
    throw new ModelError(
      "INCOMPATIBLE",
      `the profile ${spec.profile.name} leaves out what the mapping ${spec.mapping} hashes; only the profile exact goes with it`,
    );
  }
  return new LocalAgent(spec, observer);
}

/** A model that begins with this aggregate and base, in the order that the mapping has for them, and has no behaviours yet. */
export function emptyModel(
  { digest, mapping, aggregate, base }: Pick<TmaSpec, "digest" | "mapping" | "aggregate" | "base">,
  observer?: PointObserver,
): Model {
  const hasher = nodeHasher(digest);
  return createModel({
    hasher,
    baseFirst: createMapper(hasher, mapping).baseFirst,
    ...(observer === undefined ? {} : { observer }),
    ...(aggregate === undefined ? {} : { aggregate }),
    ...(base === undefined ? {} : { base }),
  });
}

class LocalAgent implements NamespaceTma {
  readonly root: TaskIdentity;
  readonly emptyDigest: string;
  readonly #mapper: EventMapper;
  readonly #profile: Profile;
  readonly #model: AskedModel;
  readonly #elsewhere: ModelAgent | undefined;
  readonly #door: DoorClient | undefined;
  readonly #pseudonyms: ReadonlySet<string>;
  /** One object for each identity, so that comparing and keeping them is cheap. */
  readonly #children = new Map<string, TaskIdentity>();

  constructor(spec: TmaSpec, observer?: PointObserver) {
    const hasher = nodeHasher(spec.digest);
    this.#mapper = createMapper(hasher, spec.mapping);
    this.emptyDigest = this.#mapper.emptyDigest;
    this.#profile = createProfile(spec.profile, this.#mapper);
    const { place } = spec;
    if (place === undefined) {
      this.#model = emptyModel(spec, observer);
    } else if (place.start.way === "fleet") {
      const door = openDoorTo(place.start);
      this.#door = door;
      this.#model = createRemoteModel(emptyModel(spec, observer), { door, now: monotonicMs });
    } else {
      this.#elsewhere = startedAgent(spec, place);
      const local = createModel({ hasher, ...(observer === undefined ? {} : { observer }) });
      this.#model = createLinkedModel(local, this.#elsewhere, place.ask);
    }
    this.#pseudonyms = this.#model.pseudonyms;
    const { zeroDigest } = this.#mapper;
    this.root = { taskId: zeroDigest, pTaskId: zeroDigest };
    try {
      this.#begin(spec);
    } catch (error) {
      this.#elsewhere?.close();
      this.#door?.close();
      throw error;
    }
  }

  #begin(spec: TmaSpec): void {
    const { aggregate, base } = spec;
    // here it has them since it was made
    if (this.#elsewhere !== undefined) {
      beginModel(this.#model, {
        baseFirst: this.#mapper.baseFirst,
        ...(aggregate === undefined ? {} : { aggregate }),
        ...(base === undefined ? {} : { base }),
      });
    }
    for (const point of spec.points) this.#model.load(point);
    for (const pseudonym of spec.pseudonyms) this.#model.addPseudonym(pseudonym);
    if (spec.sealed) this.#model.seal();
  }

  get counts(): ModelCounts {
    return this.#model.counts;
  }

  wantsDigest(hook: HookName, flags: number, pathname: string, temporary?: string): boolean {
    return this.#profile.wantsDigest(hook, flags, pathname, temporary);
  }

  forked(parent: TaskIdentity): TaskIdentity {
    const { taskId } = parent;
    let child = this.#children.get(taskId);
    if (child === undefined) {
      child = { taskId, pTaskId: taskId };
      this.#children.set(taskId, child);
    }
    return child;
  }

  execed(before: TaskIdentity, coe: Coe, file: FileId): TaskIdentity {
    const { pTaskId } = before;
    const image = this.#profile.rewriteExecutable(file);
    const taskId = this.#mapper.taskId(pTaskId, coe, image);
    this.#profile.named(taskId, programName(image.path));
    return { taskId, pTaskId };
  }

  introduce(record: EventOf<"bprm_committed_creds">): void {
    namePrograms([record], { mapper: this.#mapper, profile: this.#profile });
  }

  dependsOnProcess(event: SecurityEvent): boolean {
    return this.#profile.dependsOnProcess(event);
  }

  assess(event: SecurityEvent): Assessment {
    const told = this.#told(event);
    return this.#judged(this.#mapper.coefficient(told), told);
  }

  coefficient(event: SecurityEvent): string {
    return this.#mapper.coefficient(this.#told(event));
  }

  /** The event as it is mapped. */
  #told(event: SecurityEvent): SecurityEvent {
    return applyPseudonyms(this.#profile.rewrite(event), this.#pseudonyms, this.#mapper);
  }

  pointOf(event: SecurityEvent): string | undefined {
    let coefficient: string;
    try {
      coefficient = this.coefficient(event);
    } catch (error) {
      if (error instanceof ModelError && error.code === "NOT_MAPPABLE") return undefined;
      throw error;
    }
    return this.#model.has(coefficient) ? coefficient : undefined;
  }

  observe(coefficient: string): Assessment {
    return this.#judged(coefficient);
  }

  #judged(coefficient: string, event?: SecurityEvent): Assessment {
    const { added, valid, ruling } = this.#model.update(coefficient, event);
    return ruling === undefined
      ? { coefficient, added, valid }
      : { coefficient, added, valid, ruling };
  }

  repeated(coefficient: string, count: number): void {
    this.#model.repeated(coefficient, count);
  }

  load(coefficient: string): void {
    this.#model.load(coefficient);
  }

  addPseudonym(hex: string): void {
    this.#model.addPseudonym(hex);
  }

  setBase(hex: string): void {
    this.#model.setBase(hex);
  }

  get sealed(): boolean {
    return this.#model.sealed;
  }

  setAggregate(hex: string): boolean {
    return this.#model.setAggregate(hex);
  }

  seal(): void {
    this.#model.seal();
  }

  state(): string {
    return this.#model.state();
  }

  measurement(): string {
    return this.#model.measurement();
  }

  points(): readonly SecurityPoint[] {
    return this.#model.points();
  }

  close(): void {
    this.#children.clear();
    this.#elsewhere?.close();
    this.#door?.close();
  }
}

function startedAgent({ digest, points }: TmaSpec, place: Place): ModelAgent {
  if (digest !== "sha256") {
    const problem = `--tma ${place.text}: agents elsewhere have SHA-256 only, and this model is of ${digest}`;
    throw new AgentError("BAD_OPTION", `${problem}; take --tma in-process`);
  }
  const agent = startAgent(place);
  if (points.length <= agent.capacity) return agent;
  agent.close();
  const problem = `--tma ${place.text} has room for ${agent.capacity} behaviours, and the model has ${points.length}`;
  throw new AgentError("FULL", `${problem}; take a place with more, or --tma in-process`);
}
