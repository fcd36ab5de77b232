// SPDX-License-Identifier: Apache-2.0
// What the console reads.
import type { ProcessFact } from "../../../wire/link/items.ts";
export type { EnrolTokenMade, EnrolTokenRow } from "../../../wire/api/enrolment.ts";
export type { Role, Rows } from "../../../wire/api/common.ts";
export type {
  ApiTokenMade,
  ApiTokenRow,
  AttestationRow,
  AuditRow,
  CommandResultRow,
  CommandRow,
  HostStatus,
  LoginWays,
  Me,
  ModelDiffAnswer,
  ModelRow,
  RolloutRow,
  RolloutStepRow,
  UserRow,
} from "../../../wire/api/operators.ts";
export type {
  CommandKind,
  CommandTarget,
  WorkloadSelector,
} from "../../../wire/link/command-types.ts";

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
    readonly outside: number;
    readonly unsealed: number;
    readonly stale: number;
  };
  readonly violations: {
    readonly hour: number;
    readonly day: number;
    readonly series: readonly (readonly [at: number, count: number])[];
  };
  readonly pending: {
    readonly verdicts: number;
    readonly commands: number;
    readonly rollouts: number;
  };
  readonly distinct: number;
  readonly states: readonly StateGroup[];
}

export interface StateGroup {
  readonly state: string;
  readonly model: string;
  readonly name: string;
  readonly version?: string;
  readonly count: number;
  readonly hosts: number;
  readonly outlier: boolean;
  readonly violations: number;
  readonly first: number;
}

export interface HostRow {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly group: string;
  readonly status: "connected" | "late" | "gone" | "revoked";
  readonly lastSeen: number;
  readonly joined: number;
  readonly workloads: number;
  readonly outside: number;
  readonly violations: number;
  readonly galgo?: string;
  readonly kernel?: string;
  readonly sensor?: string;
  readonly spoolBytes: number;
  readonly dropped: number;
}

export interface WorkloadRow {
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
  readonly labels: Readonly<Record<string, string>>;
  readonly image?: string;
  readonly sensor: string;
  readonly started: number;
  readonly ended?: number;
  readonly events: number;
  readonly points: number;
  readonly violations: number;
  readonly refused: number;
  readonly lost: number;
}

export interface ViolationRow {
  readonly id: string;
  readonly at: number;
  readonly received: number;
  readonly host: string;
  readonly hostName: string;
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

export interface ViolationDetail extends ViolationRow {
  readonly why: string;
  readonly heldUs?: number;
  readonly record?: string;
  readonly also: { readonly workloads: number; readonly hosts: number; readonly first: number };
}

export interface BehaviourRow {
  readonly coefficient: string;
  readonly name: string;
  readonly hook: string;
  readonly kind: string;
  readonly words: string;
  readonly chain: readonly (string | null)[];
  readonly workloads: number;
  readonly first: number;
  readonly verdict?: "allow" | "deny";
}

export interface StateDetail {
  readonly group: StateGroup;
  readonly majority?: StateGroup;
  readonly more: readonly BehaviourRow[];
  readonly less: readonly BehaviourRow[];
  readonly moreTotal: number;
  readonly lessTotal: number;
  readonly unnamed: { readonly more: number; readonly less: number };
}

export interface ProcessesAnswer {
  readonly facts: readonly ProcessFact[];
  readonly total: number;
  readonly violations: readonly {
    readonly id: string;
    readonly number: number;
    readonly words: string;
    readonly decision: ViolationRow["decision"];
    readonly pid: number;
    readonly at: string;
  }[];
}

export interface SearchResult {
  readonly kind: "host" | "workload" | "model" | "state" | "behaviour" | "violation";
  readonly id: string;
  readonly title: string;
  readonly detail: string;
}

export interface SearchAnswer {
  readonly rows: readonly SearchResult[];
}

export interface VerdictRow {
  readonly id: string;
  readonly coefficient: string;
  readonly model: string;
  readonly name: string;
  readonly words: string;
  readonly chain: readonly (string | null)[];
  readonly hook: string;
  readonly hosts: number;
  readonly workloads: number;
  readonly first: number;
  readonly asked: number;
  readonly deadline?: number;
  readonly verdict?: "allow" | "deny";
  readonly by?: string;
  readonly at?: number;
}
