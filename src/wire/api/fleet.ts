// SPDX-License-Identifier: Apache-2.0
// The fleet as it is seen over HTTP: a summary by state, hosts, workloads, states, violations, behaviours, processes, search.
// Times are milliseconds since 1970. Text that hosts have sent is as they sent it: whoever shows it makes it harmless.
import type { ItemCounts, ProcessFact } from "../link/items.ts";
import type { Labels } from "../link/parts.ts";

/** Workloads of one name under one model that are in one state. */
export interface StateGroup {
  /** hex; empty: none yet */
  readonly state: string;
  /** Digest of the model; empty: none. */
  readonly model: string;
  readonly name: string;
  readonly count: number;
  readonly hosts: number;
  /** At most half as many workloads are in it as in the state that is most common among those of the name and model. */
  readonly outlier: boolean;
  readonly violations: number;
  /** When the first of them started. */
  readonly first: number;
}

/** `GET summary`, and the event `summary` */
export interface Summary {
  readonly at: number;
  readonly hosts: {
    readonly total: number;
    readonly connected: number;
    readonly late: number;
    readonly revoked: number;
  };
  readonly workloads: {
    readonly total: number;
    readonly running: number;
    readonly enforcing: number;
    /** With violations. */
    readonly outside: number;
    readonly unsealed: number;
    /** On hosts that are not heard at the moment. */
    readonly stale: number;
  };
  readonly violations: {
    readonly hour: number;
    readonly day: number;
    /** Of the last hour, by minutes. */
    readonly series: readonly (readonly [at: number, count: number])[];
  };
  /** What waits for somebody. */
  readonly pending: {
    readonly verdicts: number;
    readonly commands: number;
    readonly rollouts: number;
  };
  /** States in all. */
  readonly distinct: number;
  /** Not all of a large fleet: kinds with outliers come first. */
  readonly states: readonly StateGroup[];
}

export type HostPresence = "connected" | "late" | "gone" | "revoked";

/** `GET hosts?q&status&group&label&sort`, `GET hosts/ID`, and the event `host` */
export interface HostRow {
  readonly id: string;
  readonly name: string;
  readonly labels: Labels;
  /** Empty: none. */
  readonly group: string;
  readonly status: HostPresence;
  /** 0: never */
  readonly lastSeen: number;
  readonly joined: number;
  /** As its last heartbeat said. */
  readonly workloads: number;
  /** Workloads with violations, and the violations, of what runs. */
  readonly outside: number;
  readonly violations: number;
  readonly galgo?: string;
  /** What waits on the host to be sent. */
  readonly spoolBytes: number;
  /** Items that its spool had to drop. */
  readonly dropped: number;
}

/** `GET workloads?q&state&model&name&host&mode&status&outlier&sort`, `GET workloads/HOST~RUN`, and the event `workload` */
export interface WorkloadRow extends Omit<ItemCounts, "trajectory"> {
  /** HOST~RUN */
  readonly id: string;
  readonly host: string;
  readonly hostName: string;
  readonly run: string;
  readonly name: string;
  readonly mode: "free" | "detect" | "enforce";
  readonly sealed: boolean;
  readonly status: string;
  readonly state: string;
  readonly outlier: boolean;
  readonly measurement: string;
  readonly model: string;
  readonly modelName: string;
  readonly labels: Labels;
  readonly image?: string;
  readonly sensor: string;
  readonly started: number;
  readonly ended?: number;
}

/** `GET violations?q&workload&host&name&model&coefficient&decision&sort`, and the event `violation` */
export interface ViolationRow {
  /** HOST~RUN~NUMBER */
  readonly id: string;
  /** By the host's clock, and by ours. */
  readonly at: number;
  readonly received: number;
  readonly host: string;
  readonly hostName: string;
  /** HOST~RUN */
  readonly workload: string;
  readonly name: string;
  readonly model: string;
  readonly number: number;
  readonly decision: "denied" | "killed" | "observed";
  readonly hook: string;
  readonly words: string;
  readonly chain: readonly (string | null)[];
  readonly program?: string;
  readonly coefficient?: string;
}

/** `GET violations/ID` */
export interface ViolationDetail extends ViolationRow {
  /** Lines. */
  readonly why: string;
  readonly heldUs?: number;
  /** JSON of the event. */
  readonly record: string;
  /** Where the same behaviour was a violation. */
  readonly also: { readonly workloads: number; readonly hosts: number; readonly first: number };
}

/** `GET behaviours/COEFFICIENT`, and in lists */
export interface BehaviourRow {
  readonly coefficient: string;
  /** Of a workload that has shown it. */
  readonly name: string;
  readonly hook: string;
  /** Empty: no host has described it. */
  readonly words: string;
  readonly program?: string;
  /** Running ones whose state holds it, or that were outside of their model by it. */
  readonly workloads: number;
  /** 0: unknown */
  readonly first: number;
}

/** `GET states/STATE` */
export interface StateDetail {
  readonly group: StateGroup;
  /** What most of the name and model are in; absent: they have no state in common. */
  readonly majority?: StateGroup;
  /** The sets behind both states are known. They are asked for when a state is looked at. */
  readonly known: boolean;
  /** In this state and not in the majority's, and the other way round. */
  readonly more: readonly BehaviourRow[];
  readonly less: readonly BehaviourRow[];
  readonly moreTotal: number;
  readonly lessTotal: number;
  /** By which workloads in this state were outside of their model. */
  readonly violated: readonly BehaviourRow[];
}

/** `GET workloads/ID/processes` */
export interface ProcessesAnswer {
  /** In the order in which the host told them. */
  readonly facts: readonly ProcessFact[];
  /** There are more facts than these. */
  readonly cut: boolean;
  readonly violations: readonly ProcessViolation[];
}

export interface ProcessViolation {
  readonly id: string;
  readonly number: number;
  readonly words: string;
  readonly decision: ViolationRow["decision"];
  readonly pid: number;
  /** ns by the clock of the facts, as text; "0": unknown */
  readonly at: string;
}

/** `GET search?q` */
export interface SearchResult {
  readonly kind: "host" | "workload" | "model" | "state" | "behaviour" | "violation";
  readonly id: string;
  readonly title: string;
  readonly detail: string;
}

export interface SearchAnswer {
  readonly rows: readonly SearchResult[];
}
