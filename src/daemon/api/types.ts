// SPDX-License-Identifier: Apache-2.0
// What the daemon's API says of workloads: the bodies of its answers, as its clients read them.
import type { Fidelity } from "../../sensor/sensor.ts";
import type { RunMode, ViolationPolicy } from "../../orchestrator/run-record.ts";

/** Where a workload comes from. */
export type WorkloadOrigin =
  | {
      readonly kind: "command";
      /** The command's process. */
      readonly pid: number;
      readonly command: readonly string[];
    }
  | {
      readonly kind: "container";
      readonly containerId: string;
      /** Its first process, as the host counts. */
      readonly pid: number;
      readonly image?: string;
      /** "sha256:..." */
      readonly imageDigest?: string;
      readonly runtime?: string;
      readonly bundle?: string;
    }
  | { readonly kind: "attached"; readonly cgroup: string }
  | { readonly kind: "attached"; readonly pid: number };

/** Time from a held event to its answer (us). */
export interface LatencyStatus {
  readonly count: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  /** How many decisions took up to so many microseconds and longer than the entry before, ascending; steps without any are left out. */
  readonly histogram?: readonly (readonly [upToUs: number, count: number])[];
}

export interface WorkloadCounts {
  readonly events: number;
  /** Behaviours in the model now. */
  readonly points: number;
  /** Events that extended the model. */
  readonly trajectory: number;
  /** Events outside of the sealed model. */
  readonly violations: number;
  /** Further calls of untrusted processes that were refused. */
  readonly refused: number;
  readonly lost: number;
}

/** The model that a workload runs under. */
export interface ModelStatus {
  readonly file: string;
  readonly name: string;
  readonly digest: string;
  /** Keys whose signatures of it were checked before it took effect; absent: nobody had asked for any. */
  readonly signedBy?: readonly { readonly name: string; readonly key: string }[];
}

/** One running workload. */
export interface WorkloadStatus {
  /** Of this run; also the name of its folder. */
  readonly id: string;
  readonly name: string;
  readonly mode: RunMode;
  readonly sealed: boolean;
  readonly onViolation: ViolationPolicy;
  readonly sensor: Fidelity["sensor"];
  readonly fidelity: Fidelity;
  /** ISO 8601 */
  readonly started: string;
  readonly status: "starting" | "running" | "ending";
  readonly origin: WorkloadOrigin;
  /** User whose workload it is. */
  readonly owner: number;
  readonly counts: WorkloadCounts;
  /** An event of it is being decided right now. */
  readonly held: boolean;
  readonly latency: LatencyStatus;
  /** hex */
  readonly state: string;
  /** hex */
  readonly measurement: string;
  readonly model?: ModelStatus;
  /** Folder of the run's records. */
  readonly directory: string;
}

/** Of an order: number of the process that it is given for, where that is not the caller (galgo mount). It is checked as the caller is. */
export const ASKER_HEADER = "galgo-asker";

/** Verbs of a namespace's control file, with TSEM's meaning. */
export type ControlOrder =
  | { readonly verb: "seal" | "enforce" }
  | { readonly verb: "state" | "pseudonym" | "base"; readonly value: string };

/** `GET /v1/health` */
export interface DaemonHealth {
  /** stopping: no new workloads are taken. */
  readonly status: "ready" | "stopping";
  readonly pid: number;
  readonly version: string;
  /** ISO 8601 */
  readonly started: string;
  /** Workloads that run. */
  readonly workloads: number;
  /** Whose signature models have to carry, in words; absent: none is demanded. */
  readonly modelsSignedFor?: string;
}

/** `GET /v1/version` */
export interface DaemonVersion {
  readonly version: string;
  readonly api: "v1";
}

/** `GET /v1/workloads` */
export interface WorkloadList {
  /** The oldest first. */
  readonly workloads: readonly WorkloadStatus[];
}

/** `GET /v1/workloads/{id}/points`: in the order of discovery. */
export interface WorkloadPoints {
  readonly points: readonly {
    /** hex */
    readonly coefficient: string;
    readonly count: number;
    /** False: outside of the model (forensics). */
    readonly valid: boolean;
  }[];
}

/** `GET /v1/workloads/{id}/coefficients`: of the model, in the order of discovery. */
export interface WorkloadCoefficients {
  readonly coefficients: readonly string[];
}

/** `GET /v1/workloads/{id}/counts`: of the model, in the order of its coefficients. */
export interface WorkloadPointCounts {
  readonly counts: readonly number[];
}

/** What is to be modeled from now on (`POST /v1/attach`); bpf only. */
export interface AttachOrder {
  readonly cgroup?: string;
  readonly pid?: number;
  readonly name?: string;
  readonly modelFile?: string;
  readonly mode?: RunMode;
  readonly onViolation?: ViolationPolicy;
  /** Base of measurement and state (hex), chosen by who verifies the workload. */
  readonly base?: string;
}

/** Instead of an answer: application/problem+json (RFC 9457). */
export interface Problem {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: number;
  /** Stable, for programs. */
  readonly code: string;
  /** A sentence for people. */
  readonly detail: string;
}
