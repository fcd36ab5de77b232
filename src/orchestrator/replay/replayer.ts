// SPDX-License-Identifier: Apache-2.0
// Models a recorded stream: each record is read, mapped and given to the model as it would have been when it happened. Nothing is held and
// nothing refused; what can not be understood is counted as loss. Memory grows with the model, not with the stream.
import { describeEvent, RecordError } from "../../event/index.ts";
import type { HookName, RecordParts, SecurityEvent, TsemDialect } from "../../event/index.ts";
import { DIGEST_NAMES, DIGEST_SIZES, ModelError } from "../../model/index.ts";
import type { Found, Piece, Place, RecordSink } from "../../sensor/replay/index.ts";
import { createTma } from "../../tma/index.ts";
import type { NamespaceTma, TmaSpec } from "../../tma/index.ts";
import { Actors, isIdentity } from "../records/actors.ts";
import { RunError } from "../errors.ts";
import { Losses } from "../namespace/losses.ts";
import type { ViolationReport } from "../namespace/namespace-types.ts";
import type { LossReason } from "../run-record.ts";
import { decodeRecord, DIALECTS, type StreamRecord } from "./decode.ts";
import type { ReplayTraces } from "./traces.ts";
import { type Remembered, TextMemo } from "./text-memo.ts";

/** What is told while a stream is replayed. */
export interface ReplayObserver {
  /** For every record, in order: its coefficient, or undefined when it has none. False: nobody listens any more. */
  onCoefficient?(coefficient: string | undefined): boolean;
  /** A record that is lost; `number` counts them. */
  onLost?(lost: LostRecord, number: number): void;
  onViolation?(violation: ViolationReport): void;
  /** An event that extended the model, and the programs from the first one to the acting one. */
  onBehaviour?(event: SecurityEvent, chain: readonly (string | undefined)[]): void;
}

/** A record that did not become part of the model although it should have. */
export interface LostRecord extends Place {
  readonly problem: string;
}

/** How many records of each kind there were. */
export interface RecordCounts {
  /** Records of the stream; one may have several lines. */
  records: number;
  event: number;
  async_event: number;
  log: number;
  trajectory: number;
  /** Records that Galgo wrote. */
  galgo: number;
  aggregate: number;
  /** Of `galgo`: those that say who is who. */
  identities: number;
  /** Of `log`: those that do not describe their event. */
  shortLogs: number;
  /** Event records without content. */
  nothing: number;
  /** Records that could not be understood. */
  unreadable: number;
}

export interface ReplayResult {
  readonly counts: Readonly<RecordCounts>;
  /** Events that were modeled. */
  readonly events: number;
  readonly hooks: readonly (readonly [HookName, number])[];
  readonly points: ReturnType<NamespaceTma["points"]>;
  readonly violations: number;
  readonly lost: number;
  readonly losses: readonly LossReason[];
  readonly state: string;
  readonly measurement: string;
  /** hex, and where it came from */
  readonly aggregate: string;
  readonly aggregateFrom: "stream" | "given" | "zeros";
  /** New behaviours in each tenth of the events. */
  readonly growth: readonly number[];
  readonly notices: readonly string[];
}

export interface ReplayOptions {
  /** With an aggregate: the one to take when the stream has none, or that of a sealed model. */
  readonly spec: TmaSpec;
  /** Name of the stream in messages. */
  readonly source: string;
  readonly traces: ReplayTraces;
  readonly observer: ReplayObserver;
}

/** Under rules numbers of processes may count, and in which program an event happens: the latter is part of what is remembered. */
function rememberedUnder({ rules }: TmaSpec["profile"]): Remembered {
  if (rules.some((rule) => rule.rule === "path-template" && rule.template.includes("{pid}")))
    return "none";
  return rules.length > 0 ? "but-proc" : "all";
}

export class Replayer implements RecordSink {
  readonly counts: RecordCounts = {
    records: 0,
    event: 0,
    async_event: 0,
    log: 0,
    trajectory: 0,
    galgo: 0,
    aggregate: 0,
    identities: 0,
    shortLogs: 0,
    nothing: 0,
    unreadable: 0,
  };
  /** Set when nobody listens any more. */
  stopped = false;
  readonly #options: ReplayOptions;
  /** By whose rules the records are read. */
  readonly dialect: TsemDialect;
  readonly #memo: TextMemo;
  readonly #losses = new Losses();
  readonly #actors = new Actors();
  readonly #hooks = new Map<HookName, number>();
  readonly #growth: number[] = [];
  readonly #notices = new Set<string>();
  readonly #tell: ReplayObserver["onCoefficient"];
  /** Made at the first event: aggregate and base have their place before it. */
  #tma: NamespaceTma | undefined;
  #streamAggregate: string | undefined;
  #events = 0;
  #violations = 0;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.dialect = DIALECTS[options.spec.mapping];
    this.#memo = new TextMemo(rememberedUnder(options.spec.profile));
    this.#tell = options.observer.onCoefficient?.bind(options.observer);
  }

  known(parts: RecordParts): string | undefined {
    return this.#memo.get(parts);
  }

  record(text: string, place: Found, parts?: RecordParts, known?: string): void {
    this.counts.records += 1;
    if (parts === undefined || known === undefined) {
      this.#answer(this.#read(text, parts, place));
      return;
    }
    this.counts[parts.kind] += 1;
    this.#note(parts.hook);
    this.#agent().observe(known);
    this.#answer(known);
  }

  unreadable(text: string, place: Place, problem: string, piece?: Piece): void {
    this.#options.traces.unreadable(text, place, problem, piece?.number);
    if (piece !== undefined && !piece.last) return;
    this.counts.records += 1;
    this.counts.unreadable += 1;
    this.#lose("record that can not be understood", place, problem);
    this.#answer(undefined);
  }

  /** What the stream has come to. */
  result(): ReplayResult {
    const tma = this.#agent();
    const given = this.#options.spec.aggregate;
    const taken = this.#options.spec.sealed ? given : (this.#streamAggregate ?? given);
    return {
      counts: this.counts,
      events: this.#events,
      hooks: [...this.#hooks].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)),
      points: tma.points(),
      violations: this.#violations,
      lost: this.#losses.count,
      losses: this.#losses.list(),
      state: tma.state(),
      measurement: tma.measurement(),
      aggregate: taken ?? tma.root.taskId,
      aggregateFrom: taken === undefined ? "zeros" : taken === given ? "given" : "stream",
      growth: this.#growth,
      notices: [...this.#notices],
    };
  }

  #answer(coefficient: string | undefined): void {
    if (this.#tell !== undefined && !this.#tell(coefficient)) this.stopped = true;
  }

  #note(hook: HookName): void {
    this.#events += 1;
    this.#hooks.set(hook, (this.#hooks.get(hook) ?? 0) + 1);
  }

  #agent(): NamespaceTma {
    if (this.#tma !== undefined) return this.#tma;
    const { spec } = this.#options;
    const aggregate = spec.sealed ? spec.aggregate : (this.#streamAggregate ?? spec.aggregate);
    this.#tma = createTma({ ...spec, ...(aggregate === undefined ? {} : { aggregate }) });
    return this.#tma;
  }

  /** Decodes a record and models it. Its coefficient, if it has one. */
  #read(text: string, parts: RecordParts | undefined, place: Found): string | undefined {
    let record: StreamRecord;
    try {
      record = place.record ?? decodeRecord(text, this.dialect);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.counts.unreadable += 1;
      this.#options.traces.unreadable(text, place, error.message);
      this.#lose("record that can not be understood", place, error.message);
      return undefined;
    }
    const event = this.#eventOf(record, place);
    if (event === undefined) return undefined;
    const coefficient = this.#model(event, text, place);
    if (parts !== undefined && coefficient !== undefined) this.#memo.set(parts, coefficient);
    return coefficient;
  }

  /** Counts the record; its event when it is one for the model. */
  #eventOf(record: StreamRecord, place: Place): SecurityEvent | undefined {
    this.counts[record.kind] += 1;
    switch (record.kind) {
      case "aggregate":
        this.#takeAggregate(record.value, place);
        return undefined;
      case "nothing":
        this.#lose("event that the kernel does not describe", place, "the record has no content");
        return undefined;
      case "log":
        if (record.event === undefined) this.counts.shortLogs += 1;
        return record.event;
      case "galgo":
        if (!isIdentity(record.event)) return record.event;
        this.counts.identities += 1;
        if (this.#actors.add(record.event)) {
          this.#agent().introduce(record.event);
          this.#options.traces.identity(record.event);
        }
        return undefined;
      default:
        return record.event;
    }
  }

  #takeAggregate(value: string, place: Place): void {
    const { spec } = this.#options;
    if (spec.aggregate !== undefined && spec.aggregate !== value) {
      const whose = spec.sealed ? "that of the model" : "--aggregate";
      const taken = spec.sealed ? "that of the model" : "that of the stream";
      this.#notices.add(
        `the aggregate in line ${place.line} differs from ${whose}: ${taken} counts`,
      );
    }
    if (spec.sealed) return;
    if (value.length !== 2 * digestBytes(spec))
      throw wrongDigest("aggregate", value, this.#options, place);
    this.#streamAggregate = value;
    if (this.#tma?.setAggregate(value) === true)
      this.#notices.add(
        `the aggregate in line ${place.line} comes after events: it counts for all`,
      );
  }

  #model(event: SecurityEvent, text: string, place: Place): string | undefined {
    const odd = this.#oddTaskId(event);
    if (odd !== undefined) {
      if (this.#events === 0) throw wrongDigest("TASK_ID", odd, this.#options, place);
      return this.#refuse(text, place, `its TASK_ID has ${odd.length} hex digits, others have not`);
    }
    let coefficient: string;
    try {
      coefficient = this.#agent().coefficient(event);
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      return this.#refuse(text, place, error.message);
    }
    this.#note(event.hook);
    const { added, valid } = this.#agent().observe(coefficient);
    if (added && valid) this.#extend(event);
    else if (added) this.#violate(event, coefficient);
    return coefficient;
  }

  /** A TASK_ID of another length than the digest's. Quixote takes any. */
  #oddTaskId({ task }: SecurityEvent): string | undefined {
    if (this.dialect !== "kernel") return undefined;
    const digits = 2 * digestBytes(this.#options.spec);
    return [task.taskId, task.pTaskId].find((id) => id.length !== digits);
  }

  #extend(event: SecurityEvent): void {
    this.#growth.push(this.#events);
    this.#options.traces.extended(event);
    this.#options.observer.onBehaviour?.(event, this.#chainOf(event));
  }

  /** An event that the mapping has no place for. */
  #refuse(text: string, place: Place, problem: string): undefined {
    this.#options.traces.unreadable(text, place, problem);
    this.#lose("event that can not be mapped", place, problem);
    return undefined;
  }

  #violate(event: SecurityEvent, coefficient: string): void {
    this.#violations += 1;
    const number = this.#violations;
    this.#options.traces.violated(event, {
      kind: "violation",
      number,
      decision: "observed",
      coefficient,
    });
    const { hook, pid, process } = event;
    const chain = this.#chainOf(event);
    const words = describeEvent(event, (taskId) => this.#actors.programOf(taskId));
    this.#options.observer.onViolation?.({
      number,
      decision: "observed",
      hook,
      pid,
      process,
      chain,
      words,
    });
  }

  #chainOf({ task, process }: SecurityEvent): readonly (string | undefined)[] {
    const programs = this.#actors.chainOf(task).map(({ program }) => program);
    // a TSEM kernel does not say which program a TASK_ID stands for: then the name of the process has to do
    return programs.every((program) => program === undefined) ? [process] : programs;
  }

  #lose(reason: string, place: Place, problem: string): void {
    this.#losses.add(reason, `line ${place.line}: ${problem}`);
    this.#options.observer.onLost?.({ ...place, problem }, this.#losses.count);
  }
}

function digestBytes({ digest }: TmaSpec): number {
  return DIGEST_SIZES[digest];
}

/** A stream of another digest is not a few bad records but another stream. */
function wrongDigest(
  what: string,
  value: string,
  options: ReplayOptions,
  { line }: Place,
): RunError {
  const { spec, source } = options;
  const fitting = DIGEST_NAMES.filter((name) => 2 * DIGEST_SIZES[name] === value.length);
  const advice =
    fitting.length === 0
      ? "no digest of Galgo has that many"
      : `the stream needs ${fitting.map((name) => `--digest ${name}`).join(" or ")}`;
  return new RunError(
    "BAD_OPTION",
    `${source}: line ${line}: ${what} has ${value.length} hex digits, those of ${spec.digest} have ${2 * digestBytes(spec)}; ${advice}`,
  );
}
