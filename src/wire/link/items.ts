// SPDX-License-Identifier: Apache-2.0
// What parcels hold. Every text of an item is untrusted: it comes from a host, and mostly from a workload on it.
import type { Labels } from "./parts.ts";

export interface ItemCounts {
  readonly events: number;
  readonly points: number;
  readonly trajectory: number;
  readonly violations: number;
  readonly refused: number;
  readonly lost: number;
}

/** One entry of a host's table of workloads, as it is at `rev`. What is not in an entry is not so any more. */
export interface WorkloadItem {
  readonly kind: "workload";
  /** Of the table, after this change: an entry of a lower one than what is known of this run is old. */
  readonly rev: number;
  readonly at: number;
  readonly run: string;
  readonly name: string;
  readonly mode: "free" | "detect" | "enforce";
  readonly sealed: boolean;
  readonly onViolation: "deny" | "kill" | "observe";
  readonly sensor: "seccomp" | "bpf" | "tsem" | "replay";
  readonly status: "starting" | "running" | "ending" | "ended" | "failed";
  readonly started: number;
  readonly ended?: number;
  /** hex; empty before there is one. */
  readonly state: string;
  readonly measurement: string;
  readonly model?: {
    readonly name: string;
    readonly digest: string;
    readonly signedBy?: readonly string[];
  };
  /** Of the workload; those of its host are known from its enrolment. */
  readonly labels?: Labels;
  readonly image?: string;
  readonly imageDigest?: string;
  readonly container?: string;
  /** Command line, cgroup or pid, in words. */
  readonly origin?: string;
  readonly counts: ItemCounts;
  /** How it ended, in words. */
  readonly outcome?: string;
  /** It is not in the table any more. */
  readonly removed?: true;
}

/** These runs are the table at `rev`, and no others; their entries came in items before it. Answers the command `table`. */
export interface TableItem {
  readonly kind: "table";
  readonly rev: number;
  readonly at: number;
  readonly runs: readonly string[];
}

/** An event outside of its model. */
export interface ViolationItem {
  readonly kind: "violation";
  /** `<run>/forensics/<number>`: the same however often it is sent. */
  readonly id: string;
  readonly at: number;
  readonly run: string;
  readonly number: number;
  readonly decision: "denied" | "killed" | "observed";
  /** The event in words. */
  readonly words: string;
  /** Why it is outside of the model, in words: what is near, what differs. */
  readonly why: string;
  readonly hook: string;
  readonly coefficient?: string;
  readonly program?: string;
  /** Programs from the first one of the workload to the acting one; null where no record tells. */
  readonly chain: readonly (string | null)[];
  /** Digest of the model that it is outside of. */
  readonly model?: string;
  /** How long it waited for the decision (us). */
  readonly heldUs?: number;
  /** JSON of the event, as it stands in the run's file. */
  readonly record: string;
}

/** A behaviour, once for each host: what a coefficient stands for. */
export interface BehaviourItem {
  readonly kind: "behaviour";
  readonly at: number;
  readonly run: string;
  readonly coefficient: string;
  readonly words: string;
  readonly hook: string;
  readonly program?: string;
  /** False: outside of the sealed model. */
  readonly valid: boolean;
  readonly record: string;
}

/** The set behind a state, which is the same wherever it is met: sent when the fleet asks for it. */
export interface PointsItem {
  readonly kind: "points";
  readonly at: number;
  readonly run: string;
  readonly state: string;
  /** How many coefficients the state has, and which of them (in their order in the model) is the first one here. */
  readonly total: number;
  readonly first: number;
  readonly coefficients: readonly string[];
}

export interface CountsItem {
  readonly kind: "counts";
  readonly at: number;
  readonly run: string;
  readonly counts: ItemCounts;
  /** How often behaviours were met, where that is asked for. */
  readonly points?: readonly (readonly [coefficient: string, count: number])[];
}

/** Processes of a workload as they begin, become another program, end. `at` is ns of the host's monotonic clock, as text. */
export interface ProcessFact {
  readonly what: "start" | "exec" | "end";
  readonly at: string;
  readonly pid: number;
  readonly ppid?: number;
  readonly name: string;
  readonly task: string;
  readonly untrusted?: boolean;
}

export interface ProcessesItem {
  readonly kind: "processes";
  readonly at: number;
  readonly run: string;
  readonly processes: readonly ProcessFact[];
}

/** Evidence that a command has asked for. */
export interface EvidenceItem {
  readonly kind: "evidence";
  readonly at: number;
  readonly command: string;
  readonly run: string;
  readonly nonce: string;
  readonly form: "jwt" | "cwt";
  /** As it came; a CWT is base64url of its bytes. */
  readonly token: string;
  /** PEM text of the public key that it is signed with. The first one that a host sends is the host's. */
  readonly key: string;
}

/** What became of a command on this host. `progress` may come several times; anything else is the last word. */
export interface ResultItem {
  readonly kind: "result";
  readonly at: number;
  readonly command: string;
  readonly status: "done" | "failed" | "refused" | "progress";
  readonly words: string;
  /** Each that it meant. */
  readonly workloads?: readonly {
    readonly run: string;
    readonly status: "done" | "failed" | "refused" | "progress";
    readonly words: string;
  }[];
  /** From the command's arrival to its end on the host (ms). */
  readonly tookMs?: number;
}

export interface NoticeItem {
  readonly kind: "notice";
  readonly at: number;
  readonly level: "info" | "warning" | "error";
  readonly words: string;
  readonly run?: string;
  /** How many items of each kind the spool had to drop. */
  readonly dropped?: Readonly<Record<string, number>>;
}

export type Item =
  | WorkloadItem
  | TableItem
  | ViolationItem
  | BehaviourItem
  | PointsItem
  | CountsItem
  | ProcessesItem
  | EvidenceItem
  | ResultItem
  | NoticeItem;

export type ItemKind = Item["kind"];
