// SPDX-License-Identifier: Apache-2.0
// The security modeling namespace: takes events from a sensor, asks the TMA, decides by mode and policy as TSEM does,
// keeps the records. Runs in the worker thread; between an event and its answer it does nothing that can wait.
import { describeEvent, writeRecord } from "../event/index.ts";
import type {
  Coe,
  EventOf,
  FileId,
  HookName,
  SecurityEvent,
  TaskIdentity,
} from "../event/index.ts";
import type { Decision, EventSink } from "../sensor/sensor.ts";
import type { Assessment, TrustedModelingAgent } from "../tma/index.ts";
import { Actors } from "./actors.ts";
import { LatencyHistogram } from "./latency.ts";
import type { LatencySummary } from "./latency.ts";
import { MAX_BUFFERED_MS, MAX_FORENSIC_RECORDS, MAX_POSTED_VIOLATIONS } from "./limits.ts";
import { Losses } from "./losses.ts";
import { addMark } from "./marks.ts";
import type { Mark } from "./marks.ts";
import type { RecordLog } from "./record-log.ts";
import type { LossReason, RunMode, ViolationPolicy } from "./run-record.ts";

/** A TMA that also derives TASK_IDs, and knows which contents its rules look at. */
export interface NamespaceAgent extends TrustedModelingAgent {
  readonly root: TaskIdentity;
  readonly emptyDigest: string;
  wantsDigest(hook: HookName, flags: number, pathname: string): boolean;
  forked(parent: TaskIdentity): TaskIdentity;
  execed(before: TaskIdentity, coe: Coe, file: FileId): TaskIdentity;
}

/** Counters that the watchdog and the progress display read while the worker is busy. */
export interface NamespacePulse {
  event(): void;
  violation(): void;
  refused(): void;
  lost(): void;
}

/** A violation as it is reported while the workload runs. */
export interface ViolationReport {
  readonly number: number;
  readonly decision: Mark["decision"];
  /** How long the task waited for the decision (us); absent when the event could not be held. */
  readonly heldUs?: number;
  readonly reason?: string;
  readonly hook: HookName;
  readonly pid: number;
  readonly process: string;
  /** Programs from the first of the namespace to the acting one; undefined where no record names it. */
  readonly chain: readonly (string | undefined)[];
  /** The event in words; untrusted text in it is quoted. */
  readonly words: string;
}

export interface NamespaceOptions {
  readonly mode: RunMode;
  readonly onViolation: ViolationPolicy;
}

export interface NamespaceParts {
  readonly agent: NamespaceAgent;
  readonly trajectory: RecordLog;
  readonly forensics: RecordLog;
  readonly pulse: NamespacePulse;
  /** Kills the whole workload, now. */
  kill(reason: string): void;
  report(violation: ViolationReport): void;
  /** An error that ends the run; the workload has been killed when the namespace enforces. */
  failed(error: unknown): void;
}

export interface NamespaceSummary {
  readonly events: number;
  readonly violations: number;
  readonly refused: number;
  readonly lost: number;
  readonly losses: readonly LossReason[];
  readonly latency: LatencySummary;
  /** New behaviours in each tenth of the events. */
  readonly saturation: readonly number[];
  /** Why the workload was killed, when this namespace killed it. */
  readonly killed: string | undefined;
}

export interface Namespace extends EventSink {
  /** A task is held; what it waits for is measured from here. */
  taken(): void;
  /** It has its answer. */
  released(): void;
  /** Closes the model: what is new from now on is outside of it. */
  seal(): void;
  /** Writes what still waits; after it nothing may be decided. */
  finish(): void;
  summary(): NamespaceSummary;
}

/** A violation or refusal whose record waits until the task has its answer. */
interface Pending {
  readonly event: SecurityEvent;
  readonly mark: Mark;
}

const ALLOW: Decision = { action: "allow", discipline: false };
const OBSERVE: Decision = { action: "allow", discipline: true };
const DENY: Decision = { action: "deny", discipline: true };
const KILL: Decision = { action: "kill", discipline: true };

export function createNamespace(options: NamespaceOptions, parts: NamespaceParts): Namespace {
  return new ModelingNamespace(options, parts);
}

class ModelingNamespace implements Namespace {
  readonly root: TaskIdentity;
  readonly emptyDigest: string;
  #mode: RunMode;
  readonly #policy: ViolationPolicy;
  /** An event outside the model is refused. */
  readonly #enforcing: boolean;
  readonly #parts: NamespaceParts;
  readonly #agent: NamespaceAgent;
  readonly #actors = new Actors();
  /** TASK_IDs whose identity record is in forensics.jsonl. */
  readonly #named = new Set<string>();
  /** Refused calls that have a record: the same call again is only counted. */
  readonly #refusedKinds = new Set<string>();
  readonly #losses = new Losses();
  readonly #latency = new LatencyHistogram();
  /** Number of the event at which each new behaviour of a free run was found. */
  readonly #growth: number[] = [];
  #events = 0;
  #violations = 0;
  #refused = 0;
  #killed: string | undefined;
  #failed = false;
  /** When the event in hand was taken (ms, monotonic); -1 between events. */
  #since = -1;
  /** How long the last one was held (us). */
  #lastHeldUs: number | undefined;
  /** Since when trajectory records wait in memory (ms, monotonic); -1: none does. */
  #bufferedAt = -1;
  #extended: SecurityEvent[] = [];
  #pending: Pending[] = [];

  constructor(options: NamespaceOptions, parts: NamespaceParts) {
    this.#mode = options.mode;
    this.#policy = options.onViolation;
    this.#enforcing = options.mode === "enforce" && options.onViolation !== "observe";
    this.#parts = parts;
    this.#agent = parts.agent;
    this.root = parts.agent.root;
    this.emptyDigest = parts.agent.emptyDigest;
  }

  wantsDigest(hook: HookName, flags: number, pathname: string): boolean {
    return this.#agent.wantsDigest(hook, flags, pathname);
  }

  forked(parent: TaskIdentity): TaskIdentity {
    return this.#agent.forked(parent);
  }

  execed(before: TaskIdentity, coe: Coe, file: FileId, pid: number, process: string): TaskIdentity {
    const task = this.#agent.execed(before, coe, file);
    const hook = "bprm_committed_creds";
    const record: EventOf<typeof hook> = { hook, pid, process, task, coe, ts: 0n, cell: { file } };
    if (this.#actors.add(record)) this.#extended.push(record);
    return task;
  }

  decide(event: SecurityEvent, untrusted: boolean): Decision {
    if (this.#since < 0) this.#since = performance.now();
    this.#events += 1;
    this.#parts.pulse.event();
    if (this.#killed !== undefined) return KILL;
    if (untrusted && this.#enforcing) return this.#refuse(event);
    let assessment: Assessment;
    try {
      assessment = this.#agent.assess(event);
    } catch (error) {
      return this.#noVerdict(error);
    }
    if (assessment.valid) {
      if (assessment.added) {
        this.#extended.push(event);
        this.#growth.push(this.#events);
      }
      return ALLOW;
    }
    return this.#violate(event, assessment);
  }

  violated(event: SecurityEvent, reason: string): Decision {
    this.#events += 1;
    this.#parts.pulse.event();
    if (this.#mode === "free") {
      // what was learned is not what happened: such a run must not become a model unnoticed
      this.lost(reason, describeEvent(event));
      return ALLOW;
    }
    const decision = this.#enforcing ? "killed" : "observed";
    this.#note(event, { kind: "violation", number: this.#nextNumber(), decision, reason });
    if (!this.#enforcing) return OBSERVE;
    this.#kill(`an event that could not be held is outside the model (${reason})`);
    return KILL;
  }

  lost(reason: string, detail: string): void {
    this.#losses.add(reason, detail);
    this.#parts.pulse.lost();
  }

  taken(): void {
    this.#since = performance.now();
  }

  released(): void {
    const heldUs = this.#heldUs();
    if (heldUs === undefined) return;
    this.#latency.add(heldUs * 1_000);
    this.#lastHeldUs = heldUs;
    this.#since = -1;
  }

  answered(moreWaiting: boolean): void {
    this.released();
    this.#keep(this.#lastHeldUs, !moreWaiting);
    this.#lastHeldUs = undefined;
  }

  seal(): void {
    this.#agent.seal();
    if (this.#mode === "free") this.#mode = "detect";
  }

  finish(): void {
    this.#keep(undefined, true);
  }

  summary(): NamespaceSummary {
    return {
      events: this.#events,
      violations: this.#violations,
      refused: this.#refused,
      lost: this.#losses.count,
      losses: this.#losses.list(),
      latency: this.#latency.summary(),
      saturation: tenths(this.#growth, this.#events),
      killed: this.#killed,
    };
  }

  /** A call of a process that was disciplined before: not modeled, refused. */
  #refuse(event: SecurityEvent): Decision {
    this.#refused += 1;
    this.#parts.pulse.refused();
    const kind = `${event.task.taskId} ${describeEvent(event)}`;
    if (this.#refusedKinds.size < MAX_FORENSIC_RECORDS && !this.#refusedKinds.has(kind)) {
      this.#refusedKinds.add(kind);
      this.#note(event, { kind: "refused", number: this.#violations, decision: "denied" });
    }
    return DENY;
  }

  /** An event outside the sealed model. Only the first occurrence of a behaviour has a record. */
  #violate(event: SecurityEvent, assessment: Assessment): Decision {
    const killing = this.#enforcing && this.#policy === "kill";
    if (assessment.added) {
      const decision = killing ? "killed" : this.#enforcing ? "denied" : "observed";
      const { coefficient } = assessment;
      this.#note(event, { kind: "violation", number: this.#nextNumber(), decision, coefficient });
    }
    if (killing) {
      this.#kill("the model was violated");
      return KILL;
    }
    return this.#enforcing ? DENY : OBSERVE;
  }

  /** No verdict means no: denied, and since nothing later can be judged either, killed. */
  #noVerdict(error: unknown): Decision {
    const why = error instanceof Error ? error.message : String(error);
    if (!this.#enforcing) {
      this.lost("the modeling agent gave no verdict", why);
      return ALLOW;
    }
    this.#fail(error);
    return KILL;
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    if (this.#mode !== "detect") {
      this.#kill(`Galgo failed: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#parts.failed(error);
  }

  #kill(reason: string): void {
    if (this.#killed !== undefined) return;
    this.#killed = reason;
    this.#parts.kill(reason);
    // nothing is answered any more, so nobody waits for these records to be written
    this.#keep(this.#heldUs(), true);
  }

  /** Time since the event in hand was taken (us); undefined between events. */
  #heldUs(): number | undefined {
    return this.#since < 0 ? undefined : (performance.now() - this.#since) * 1_000;
  }

  /** Writes records; an error of the file system ends the run, because a run without records proves nothing. */
  #keep(heldUs: number | undefined, flush: boolean): void {
    try {
      this.#write(heldUs, flush);
    } catch (error) {
      this.#extended = [];
      this.#pending = [];
      this.#fail(error);
    }
  }

  #nextNumber(): number {
    this.#violations += 1;
    this.#parts.pulse.violation();
    return this.#violations;
  }

  #note(event: SecurityEvent, mark: Mark): void {
    this.#pending.push({ event, mark });
  }

  #write(heldUs: number | undefined, flush: boolean): void {
    const { trajectory, forensics } = this.#parts;
    if (this.#extended.length > 0) {
      for (const event of this.#extended) trajectory.append(writeRecord(event));
      this.#extended = [];
      if (this.#bufferedAt < 0) this.#bufferedAt = performance.now();
    }
    if (this.#pending.length > 0) {
      const pending = this.#pending;
      this.#pending = [];
      for (const { event, mark } of pending) this.#writeMarked(event, withHeld(mark, heldUs));
      // evidence is not left in memory, whatever waits
      forensics.flush();
    }
    if (this.#bufferedAt < 0) return;
    if (!flush && performance.now() - this.#bufferedAt < MAX_BUFFERED_MS) return;
    trajectory.flush();
    this.#bufferedAt = -1;
  }

  #writeMarked(event: SecurityEvent, mark: Mark): void {
    const { forensics, report } = this.#parts;
    if (mark.kind === "violation" && mark.number <= MAX_POSTED_VIOLATIONS)
      report(this.#reportOf(event, mark));
    if (forensics.count >= MAX_FORENSIC_RECORDS) return;
    // the file explains itself: who everybody is comes before what they did
    for (const record of this.#actors.recordsOf(event.task)) {
      if (this.#named.has(record.task.taskId)) continue;
      this.#named.add(record.task.taskId);
      forensics.append(writeRecord(record));
    }
    forensics.append(addMark(writeRecord(event), mark));
  }

  #reportOf(event: SecurityEvent, mark: Mark): ViolationReport {
    return {
      number: mark.number,
      decision: mark.decision,
      ...(mark.heldUs === undefined ? {} : { heldUs: mark.heldUs }),
      ...(mark.reason === undefined ? {} : { reason: mark.reason }),
      hook: event.hook,
      pid: event.pid,
      process: event.process,
      chain: this.#actors.chainOf(event.task).map((actor) => actor.program),
      words: describeEvent(event),
    };
  }
}

/** How many of `at` (numbers from 1 to `total`) fall into each tenth of 1..total. */
export function tenths(at: readonly number[], total: number): number[] {
  const parts = new Array<number>(10).fill(0);
  for (const number of at) {
    const part = Math.min(9, Math.floor(((number - 1) * 10) / total));
    parts[part] = (parts[part] ?? 0) + 1;
  }
  return parts;
}

/** An event that could not be held was not waited for. */
function withHeld(mark: Mark, heldUs: number | undefined): Mark {
  if (heldUs === undefined || mark.reason !== undefined) return mark;
  return { ...mark, heldUs: Math.round(heldUs * 10) / 10 };
}
