// SPDX-License-Identifier: Apache-2.0
// What a report page shows, as plain JSON: collected by the orchestrator, put into the page, drawn by the web stage. Every text that came from a
// workload has been through quote(); all other texts are Galgo's own words, numbers and hex digits.
import type { Completeness } from "../file/workload-model.ts";

/** Changes with the meaning of a member; a page reads only its own. */
export const REPORT_FORMAT = 1;

export interface ReportData {
  readonly format: typeof REPORT_FORMAT;
  /** When the report was made (ISO 8601), and by which Galgo. */
  readonly made: string;
  readonly version: string;
  /** Name of the workload or the model. */
  readonly name: string;
  readonly run?: ReportRun;
  readonly model?: ReportModel;
  /** What a reader must know of the report itself: what is missing, cut, summarised. */
  readonly notices: readonly string[];
  /** Paths of programs; other members refer to them by index. */
  readonly programs: readonly string[];
  readonly actors: readonly ReportActor[];
  readonly behaviours: ReportBehaviours;
  readonly processes: ReportProcesses;
  readonly violations: ReportViolations;
  readonly diff?: ReportDiff;
}

/** Somebody who acts: a program, started by these. */
export interface ReportActor {
  /** Index of the program. */
  readonly program: number;
  /** Indices of the programs that lead to it, first one first, without itself. */
  readonly before: readonly number[];
  /** It is a fork of the last one that has become no other program. */
  readonly forked: boolean;
}

/** A run. Times are ISO 8601. */
export interface ReportRun {
  readonly runId: string;
  readonly status: "running" | "finished" | "failed";
  readonly error?: string;
  readonly command: readonly string[];
  /** What was joined instead of started. */
  readonly joined?: string;
  readonly cwd: string;
  readonly mode: "free" | "detect" | "enforce";
  readonly onViolation: string;
  readonly sensor: string;
  readonly mapping: string;
  readonly digest: string;
  readonly profile: string;
  readonly modelFile?: string;
  /** State of a run that only repeats the model that was given. */
  readonly modelState?: string;
  /** Keys (and what the policy calls them) whose signatures of that model were checked. */
  readonly modelSignedBy?: readonly { readonly name: string; readonly key: string }[];
  /** Above a floor: behaviours of the model that were not held, and the model's state without them. */
  readonly floor?: { readonly unseen: number; readonly state: string };
  readonly started: string;
  readonly outcome?: ReportOutcome;
}

export interface ReportOutcome {
  readonly durationMs: number;
  readonly exit: string;
  readonly killed?: string;
  readonly events: number;
  readonly points: number;
  readonly violations: number;
  /** How often they were met, in a run that refused nothing. */
  readonly wouldRefuse?: number;
  readonly refused: number;
  readonly lost: number;
  readonly losses: readonly {
    readonly reason: string;
    readonly count: number;
    readonly example: string;
  }[];
  readonly state: string;
  readonly measurement: string;
  readonly latency: ReportLatency;
  readonly fidelity?: ReportFidelity;
}

/** Times of decisions (us). `histogram`: [up to so many us, how many]. */
export interface ReportLatency {
  readonly count: number;
  readonly medianUs: number;
  readonly p99Us: number;
  readonly maxUs: number;
  readonly histogram: readonly (readonly [number, number])[];
}

export interface ReportFidelity {
  readonly sensor: string;
  readonly sees: readonly string[];
  readonly holds: readonly string[];
  readonly absent: readonly string[];
  readonly features: readonly string[];
}

export interface ReportModel {
  readonly name: string;
  /** Where it was read from; absent: the run's own. */
  readonly file?: string;
  readonly sealed: boolean;
  readonly mapping: string;
  readonly digest: string;
  readonly profile: string;
  readonly state: string;
  /** Digest of the whole model. */
  readonly modelDigest: string;
  readonly behaviours: number;
  readonly fidelity: ReportFidelity;
  readonly rules: readonly ReportRule[];
  /** Names of tests and requirements in it are quoted. */
  readonly completeness: Completeness;
  /** Whether it should be enforced, and why not; `galgo model lint` says the same. */
  readonly ready: boolean;
  readonly findings: readonly ReportFinding[];
  /** What was done with it after it was learned. */
  readonly history: readonly string[];
}

export interface ReportFinding {
  readonly level: "error" | "warning";
  readonly code: string;
  readonly message: string;
}

export interface ReportRule {
  /** Name of the kind of rule. */
  readonly rule: string;
  readonly words: string;
  /** `built-in`: of the profile. `found`: by learning, with evidence. `asked`: by the user. */
  readonly origin: "built-in" | "found" | "asked";
  readonly evidence?: {
    readonly runs: readonly string[];
    readonly distinct: number;
    readonly values: readonly string[];
  };
}

/**
 * One behaviour: actor, kind, hook (indices), words, how often, when first (ms since the start, -1: unknown), tests (indices), in how many of the
 * runs (0: unknown).
 */
export type BehaviourRow = readonly [
  actor: number,
  kind: number,
  hook: number,
  words: string,
  count: number,
  firstMs: number,
  tests: readonly number[],
  runs: number,
];

export interface ReportBehaviours {
  /** `run`: what a run did. `model`: what a model allows, with counts of the run. `learned`: with counts of learning. */
  readonly of: "run" | "model" | "learned" | "unknown";
  readonly kinds: readonly string[];
  readonly hooks: readonly string[];
  readonly tests: readonly string[];
  readonly rows: readonly BehaviourRow[];
  /** Points that no record names. */
  readonly unnamed: number;
  /** Beyond the limit: [program, kind, how many]. */
  readonly more: readonly (readonly [program: number, kind: number, count: number])[];
}

/**
 * A process, or a program where processes are not known: index of who started it (-1: nobody of the workload), pid (0: unknown), first and last seen
 * (ms), since when it is untrusted (-1: never), what it ran ([ms, program], the first being what it was born as).
 */
export type ProcessRow = readonly [
  parent: number,
  pid: number,
  startMs: number,
  endMs: number,
  untrustedMs: number,
  ran: readonly (readonly [ms: number, program: number])[],
];

export interface ReportProcesses {
  /** `processes`: the run kept account of them. `programs`: only records of behaviours tell, so an entry is a program, however many processes ran it. */
  readonly of: "processes" | "programs";
  /** Time that the entries span (ms); 0: no clock. */
  readonly spanMs: number;
  /** Parents before their children. */
  readonly rows: readonly ProcessRow[];
  readonly left: number;
}

/** A member of an event, or one that differs. */
export interface ReportDifference {
  readonly field: string;
  readonly expected: string;
  readonly got: string;
}

export interface ReportNearest {
  readonly actor: number;
  readonly words: string;
  readonly differs: readonly ReportDifference[];
  /** Tests that showed it. */
  readonly tests: readonly string[];
}

export interface ReportViolation {
  readonly number: number;
  readonly decision: "denied" | "killed" | "observed";
  readonly actor: number;
  readonly words: string;
  readonly kind: number;
  readonly hook: string;
  readonly process: string;
  readonly pid: number;
  readonly uid: number;
  /** Since the start (ms); -1: unknown. */
  readonly atMs: number;
  /** Index of the process; -1: unknown. */
  readonly row: number;
  readonly heldUs?: number;
  readonly reason?: string;
  readonly coefficient?: string;
  /** How often it was met; 0: unknown. */
  readonly times: number;
  /** The rest is there for those that were explained. */
  readonly why?: {
    readonly actorWords: string;
    /** For each program of the chain, how the model knows it; empty: not known. */
    readonly standing: readonly ("known" | "changed" | "unknown")[];
    /** The violation that it follows from. */
    readonly follows?: { readonly number: number; readonly words: string };
    /** Later calls of the process that were refused without a question. */
    readonly refused: number;
    /** What it looks like, and what would cover it. */
    readonly advice: readonly string[];
    readonly nearest: readonly ReportNearest[];
    /** What would allow it. */
    readonly remedies: readonly string[];
    /** Members of the event. */
    readonly event: readonly (readonly [field: string, value: string])[];
  };
}

export interface ReportViolations {
  readonly list: readonly ReportViolation[];
  /** Distinct calls of untrusted processes that were refused, as far as there are records. */
  readonly refused: readonly (readonly [actor: number, words: string])[];
  /** Not listed. */
  readonly left: number;
}

/** What differs of a behaviour, or is only on one side. `risk`: how hard to look at a new one. */
export interface ReportChange {
  readonly sign: "+" | "-" | "~";
  readonly kind: number;
  readonly words: string;
  readonly risk: "error" | "warning" | "note";
  /** How many behaviours read the same. */
  readonly size: number;
  readonly differs: readonly ReportDifference[];
}

/** What one program, started in one way, does otherwise. */
export interface ReportProgramChanges {
  /** Names of programs, first one first. */
  readonly chain: readonly string[];
  readonly status: "new" | "gone" | "kept";
  readonly changes: readonly ReportChange[];
}

/** The reported model as the newer one, compared with another. */
export interface ReportDiff {
  readonly other: string;
  readonly file: string;
  /** Terms and facts of learning that differ: in the other one, and here. */
  readonly terms: readonly { readonly what: string; readonly was: string; readonly is: string }[];
  readonly rules: readonly { readonly sign: "+" | "-"; readonly words: string }[];
  readonly contents: readonly {
    readonly path: string;
    readonly use: string;
    readonly behaviours: number;
  }[];
  readonly common: number;
  readonly sameButContents: number;
  readonly programs: readonly ReportProgramChanges[];
  /** Coefficients that no record names, of the other one and here. */
  readonly unnamed: readonly [was: number, is: number];
  readonly left: number;
}
