// SPDX-License-Identifier: Apache-2.0
// What a namespace is made of and what it tells: options, parts, reports, the summary of a run.
import type {
  Coe,
  EventOf,
  FileId,
  HookName,
  SecurityEvent,
  TaskIdentity,
} from "../../event/index.ts";
import type { BpfDecision, BpfSink } from "../../sensor/bpf/sink.ts";
import type { TsemSink } from "../../sensor/tsem/sink.ts";
import type { TrustedModelingAgent } from "../../tma/index.ts";
import type { FeatureFeed } from "../agent/feed.ts";
import type { DistrustReader } from "../anomalies/distrust.ts";
import type { LatencyHistogram, LatencySummary } from "./latency.ts";
import type { Mark } from "../records/marks.ts";
import type { ProcessLog } from "../records/process-log.ts";
import type { RecordLog } from "../records/record-log.ts";
import type { SequenceTaker } from "../sequences/live.ts";
import type { TestMarks } from "./test-marks.ts";
import type { KeptNamespace, NamespaceLedger } from "./ledger.ts";
import type { ContainerName, LossReason, RunMode, ViolationPolicy } from "../run-record.ts";

/** A TMA that also derives TASK_IDs, and knows which contents its rules look at. */
export interface NamespaceAgent extends TrustedModelingAgent {
  readonly root: TaskIdentity;
  readonly emptyDigest: string;
  wantsDigest(hook: HookName, flags: number, pathname: string, temporary?: string): boolean;
  forked(parent: TaskIdentity): TaskIdentity;
  execed(before: TaskIdentity, coe: Coe, file: FileId): TaskIdentity;
  /** Takes an identity record's word for who is behind its TASK_ID, when it proves it. */
  introduce(record: EventOf<"bprm_committed_creds">): void;
  /** True when another process that does the same may have another coefficient. */
  dependsOnProcess(event: SecurityEvent): boolean;
  /** The coefficient of an event that is inside the model; nothing is counted or added. */
  pointOf(event: SecurityEvent): string | undefined;
  /** A known coefficient was seen `count` times more, by whoever recognises it without asking. */
  repeated(coefficient: string, count: number): void;
}

/** Counters that the watchdog and the progress display read while the worker is busy. */
export interface NamespacePulse {
  /** @param hook undefined: it is not known of which */
  event(hook?: HookName): void;
  /** An event has extended the model. */
  extended(): void;
  /** The model is closed from now on. */
  sealed(): void;
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

/** Counts that belong together, for whoever looks from another thread. `points` is kept by who is told of them. */
export interface InstantCounts {
  events: number;
  violations: number;
  refused: number;
  lost: number;
  sealed: boolean;
  /** From now on these are what is seen. */
  publish(): void;
}

export interface NamespaceOptions {
  readonly mode: RunMode;
  readonly onViolation: ViolationPolicy;
  /** Events that arrive while the workload dies are modeled and answered (TSEM's rule); else they get no answer but `kill`. */
  readonly modelsWhileDying?: boolean;
  /** Named in the records of violations. */
  readonly container?: ContainerName;
}

export interface ProgramsView {
  /** Events that they have decided by themselves; the namespace is told of them at the end, with `repeated`. */
  hits(): number;
  /** They refuse everything, because the workload is being killed. */
  dying(): boolean;
}

export interface NamespaceParts {
  readonly agent: NamespaceAgent;
  readonly trajectory: RecordLog;
  readonly forensics: RecordLog;
  /** Marks of tests; only while a model is learned. */
  readonly marks?: Pick<TestMarks, "take" | "testOf">;
  /** Keeps account of processes, where somebody wants it. */
  readonly processes?: ProcessLog;
  /** Keeps the order of events, where sequences are learned or watched. */
  readonly sequence?: SequenceTaker;
  /** Processes that are not trusted any more, as somebody else has found. */
  readonly distrust?: DistrustReader;
  /** What an agent judges. */
  readonly features?: FeatureFeed;
  readonly pulse: NamespacePulse;
  /** Where somebody looks from outside. */
  readonly instant?: InstantCounts;
  /** Where decision times are counted; without, in memory of its own. */
  readonly latency?: LatencyHistogram;
  /** Kills the whole workload, now. */
  kill(reason: string): void;
  report(violation: ViolationReport): void;
  /** An error that ends the run; the workload has been killed when the namespace enforces. */
  failed(error: unknown): void;
  /** Keeps the namespace beyond the life of this process. */
  readonly ledger?: NamespaceLedger;
  /** With the BPF sensor: what its programs say of the namespace now. */
  readonly programs?: ProgramsView;
  /** Keeps the text of a record that could not be read; `event`: the how manieth of the run it was. */
  keepUnreadable?(text: string, why: string, event: number): void;
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

export interface Namespace extends TsemSink, BpfSink {
  /** As the agent does: of records that tell the rules who is behind a TASK_ID. */
  introduce(record: EventOf<"bprm_committed_creds">): void;
  decide(event: SecurityEvent, untrusted: boolean): BpfDecision;
  /** A task is held; what it waits for is measured from here. */
  taken(): void;
  /** It has its answer. */
  released(): void;
  /** Closes the model: what is new from now on is outside of it. */
  seal(): void;
  /** To be called before `seal`: then what is outside of the model is refused, and not only told of. */
  enforceOnceSealed(): void;
  /** Once sealed: what is outside of the model is refused from now on, or only told of. */
  refuses(enforcing: boolean): void;
  /** What is outside of the model is refused. */
  readonly enforcing: boolean;
  /** Writes what still waits; after it nothing may be decided. */
  finish(): void;
  /** Goes on where a namespace was when its agent was killed; before anything is decided. */
  resume(kept: KeptNamespace): void;
  /** The program behind a TASK_ID, as far as it is known. */
  programOf(taskId: string): FileId | undefined;
  summary(): NamespaceSummary;
}
