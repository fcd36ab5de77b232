// SPDX-License-Identifier: Apache-2.0
// What is asked of a run, what it tells while it goes on, and what comes back.
import type { AgentRequest } from "./agent/request.ts";
import type { AnomalyPolicy } from "./anomalies/policy.ts";
import type { Anomaly } from "./anomalies/report.ts";
import type { AnomalyReport } from "./sequences/anomaly.ts";
import type {
  DigestName,
  MappingName,
  ProfileSpec,
  SecurityPoint,
} from "../model/runtime/index.ts";
import type { WorkloadModel } from "../model/file/workload-model.ts";
import type { Fidelity } from "../sensor/sensor.ts";
import type { Locality } from "../tma/index.ts";
import type { AttestRequest } from "./attest/run-evidence.ts";
import type { SignatureRequirement } from "./models/signature-requirement.ts";
import type { ModelSignature } from "./models/signed-model.ts";
import type { ViolationReport } from "./namespace/namespace-types.ts";
import type { RunPlan } from "./plan.ts";
import type {
  ContainerFacts,
  RunMode,
  RunOutcome,
  RunRecord,
  ViolationPolicy,
} from "./run-record.ts";
import type { RunDirectory } from "./state-dir.ts";

/** The rules of a run without a model. */
export interface FreeRules {
  readonly mapping: MappingName;
  readonly digest: DigestName;
  readonly profile: ProfileSpec;
}

/** A run under the sensor of a TSEM kernel. */
export interface TsemRequest {
  /** Folder of its files. */
  readonly folder: string;
  /** external: Galgo decides. internal: the kernel's own model does, and is read at the end. */
  readonly kind: "external" | "internal";
  readonly nsref: "initial" | "current";
  readonly model?: string;
  readonly cache?: number;
  /** Name the digest to the kernel although it is the usual one. */
  readonly nameDigest?: boolean;
}

/** What runs already and is to be modeled from now on: everything in a cgroup, or a process and what descends from it. */
export type AttachTarget = { readonly cgroup: string } | { readonly pid: number };

/** A run under programs in the kernel. */
export interface BpfRequest {
  /** No command is started then. */
  readonly attach?: AttachTarget;
  /** With `attach`: the namespace is in the kernel already, its Galgo was killed. */
  readonly adopt?: AdoptTarget;
}

/** A namespace of the kernel's, and the run that goes on. */
export interface AdoptTarget {
  readonly run: RunDirectory;
  readonly slot: number;
  readonly serial: number;
}

export interface RunRequest {
  /** argv of the workload, as the user typed it; empty when the run attaches to what runs already. */
  readonly command: readonly string[];
  readonly mode: RunMode;
  readonly onViolation: ViolationPolicy;
  /** Model file; required in the modes detect and enforce. */
  readonly modelFile?: string;
  /** The model, where somebody else has read it (`useModel`); `modelFile` only names it then. */
  readonly model?: WorkloadModel;
  /** Beside `model`: what whoever has read it knows of its signatures. */
  readonly signature?: ModelSignature;
  /** The model has to be signed. Checked where the model is read; with `model`, that its signature was checked. */
  readonly requirement?: SignatureRequirement;
  /** The program file, where somebody else has looked it up, or where it is not to be found in our files (a container). */
  readonly program?: string;
  /** Used without a model. */
  readonly rules: FreeRules;
  /** Base of measurement and state (hex), chosen by who is going to verify the run; as long as a digest of its rules. */
  readonly base?: string;
  /**
   * The platform's aggregate (hex), in the place of the model's: what measurement and state begin with. Or whom to ask for it, once, when
   * the digest of the rules is known; who does not answer gives zeros, and that is told.
   */
  readonly aggregate?: string | ((digest: DigestName) => Promise<string>);
  /** Default: the model's name, else the command's. */
  readonly name?: string;
  readonly stateRoot: string;
  /** The workload is a container that its runtime starts; `program` is then a path inside of it. */
  readonly container?: ContainerFacts;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Signals that whoever started Galgo has ignored (nohup), bit n-1 for signal n: the workload ignores them too. Default none. */
  readonly ignoredSignals?: bigint;
  /** Where the model is kept; default: in the thread that decides. */
  readonly locality?: Locality;
  /** Longest time that one decision may take without progress (ms). */
  readonly deadlineMs: number;
  /** Directory in which the workload may say which test it is at (`TestMarks`); has a meaning only in the mode free. */
  readonly marks?: string;
  /** Record in which order events come; has a meaning only in the mode free. */
  readonly sequences?: boolean;
  /** What becomes of processes that outlive the command. */
  readonly onExit: "wait" | "kill";
  /** A service manager sends the signals: each one is passed on, however often it comes. */
  readonly service?: boolean;
  /** Run although this machine sees less than the model was learned with. */
  readonly allowWeaker: boolean;
  /** Descriptors that become 0, 1, 2 of the workload; default our own. */
  readonly stdio?: readonly number[];
  /** Directory in which a management socket of the workload's name is served to consoles of Quixote. */
  readonly quixoteSocket?: string;
  /** Evidence is given of the run while it goes on, to whoever may ask at its socket. */
  readonly attest?: AttestRequest;
  /** At most one of these; default: the seccomp sensor. */
  readonly tsem?: TsemRequest;
  readonly bpf?: BpfRequest;
  /** What is done when allowed behaviours come in a strange order; default: it is told and recorded. */
  readonly onAnomaly?: AnomalyPolicy;
  /** A model of the user's that judges windows of events, besides. */
  readonly agent?: AgentRequest;
  /** Let the kernel guard what is only read (Landlock), instead of asking about each open. */
  readonly floor?: FloorRequest;
}

/** A floor below the sensor seccomp. */
export interface FloorRequest {
  /** Paths that all programs of the workload may read although that is much, or a secret. */
  readonly allow: readonly string[];
}

/** Called in the main thread while the run goes on. */
export interface RunObserver {
  /** The run has its folder, and `record` is what its run.json says; nothing has been launched. */
  onStart?(run: RunDirectory, plan: RunPlan, record: RunRecord): void;
  onViolation?(violation: ViolationReport, run: RunDirectory): void;
  /** Something strange although the model allows it. */
  onAnomaly?(anomaly: AnomalyReport, run: RunDirectory): void;
  /** The same, found by an agent of the user's. */
  onAgentFinding?(anomaly: Anomaly, run: RunDirectory): void;
  /** Something that a person should know: one line. */
  onNotice?(text: string): void;
}

export interface RunResult {
  readonly directory: RunDirectory;
  readonly record: RunRecord;
  readonly outcome: RunOutcome;
  readonly fidelity: Fidelity;
  readonly points: readonly SecurityPoint[];
  /** hex; the platform's value, where the sensor knows one. */
  readonly aggregate?: string;
  /** New behaviours in each tenth of the events. */
  readonly saturation: readonly number[];
  /** Galgo killed the workload before its command had ended. */
  readonly cutShort: boolean;
  /** Somebody asked Galgo to end (SIGTERM, SIGHUP). */
  readonly stopRequested: boolean;
}
