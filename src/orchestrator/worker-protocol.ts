// SPDX-License-Identifier: Apache-2.0
// What the main thread and the worker thread of a run say to each other. Plain data only, and memory that both see.
import type { WorkloadSequences } from "../model/index.ts";
import type { FeedLink } from "./agent/feed.ts";
import type { AnomalyReport } from "./sequences/anomaly.ts";
import type { SequencesOutcome } from "./sequences/live.ts";
import type { SecurityPoint } from "../model/runtime/index.ts";
import type { LauncherKind } from "../sensor/seccomp/launch-types.ts";
import type { SensorStats } from "../sensor/sensor.ts";
import type { NamespaceOptions } from "../sensor/tsem/commands.ts";
import type { TmaSpec } from "../tma/index.ts";
import type { AgentPlace, Gap } from "../sensor/bpf/index.ts";
import type { BpfSetup } from "./bpf/setup.ts";
import type { SharedPointsLink } from "./live/shared-points.ts";
import type { NamespaceSummary, ViolationReport } from "./namespace/namespace-types.ts";
import type { ContainerName, RunMode, ViolationPolicy } from "./run-record.ts";

/** Given to the worker when it starts. */
export interface WorkerSetup {
  readonly heartbeat: SharedArrayBuffer;
  readonly mode: RunMode;
  readonly onViolation: ViolationPolicy;
  readonly tma: TmaSpec;
  /** Where digests are kept between runs. */
  readonly stateRoot: string;
  readonly trajectory: string;
  readonly forensics: string;
  /** Set when consoles are served: the points are shared as they come, and `seal` is obeyed. */
  readonly shared?: SharedPointsLink;
  readonly unreadable: string;
  readonly processes: string;
  /** Where the order of events is recorded, when it is. */
  readonly sequence?: string;
  /** Processes that somebody distrusts, told while the run goes on. */
  readonly distrust?: SharedArrayBuffer;
  /** Windows of events go to an agent. */
  readonly feed?: FeedLink;
  /** What the order of events is held against while the run goes on, and where what is strange is told. */
  readonly watched?: { readonly sequences: WorkloadSequences; readonly anomalies: string };
  /** Directory in which the workload marks its tests. */
  readonly marks?: string;
  /** The workload is this container: named in its forensics. */
  readonly container?: ContainerName;
  /** The workload is launched by the worker itself, into a namespace of a TSEM kernel. */
  readonly tsem?: TsemSetup;
  /** The workload is watched by programs in the kernel. */
  readonly bpf?: BpfSetup;
}

/** Sent once, when the workload is held before its first instruction. */
export type ServeOrder = SeccompOrder | TsemOrder | BpfOrder;

export interface SeccompOrder {
  readonly sensor: "seccomp";
  readonly listenerFd: number;
  /** A floor is below: opens that only read are not held. */
  readonly readsUnheld?: boolean;
  readonly workloadPid: number;
  /** Default: a launcher of Galgo's. */
  readonly broughtBy?: "container-runtime";
  /** Processes of Galgo that the workload must neither signal nor trace. */
  readonly protectedPids: readonly number[];
  /** An open cgroup.kill: writing "1" to it ends the workload without the help of another thread. */
  readonly cgroupKillFd?: number;
}

/** One more listener of a workload that is served: of a task that came into it from outside (exec into a container). */
export interface JoinOrder {
  readonly listenerFd: number;
  /** Held before its exec. */
  readonly pid: number;
}

/** What an operator may order of a namespace that runs, with TSEM's meaning. */
export type NamespaceOrder =
  /** Once sealed: what is outside of the model is refused from now on, or only told of. Whoever orders this is above the workload's owner. */
  | { readonly verb: "mode"; readonly value: "enforce" | "detect" }
  /** enforce: before seal; once sealed, what is outside of the model is refused. */
  | { readonly verb: "seal" | "enforce" }
  /** Before seal; base only before the first behaviour. `value`: hex, as long as a digest. */
  | { readonly verb: "state" | "pseudonym" | "base"; readonly value: string };

export interface BpfOrder {
  readonly sensor: "bpf";
  /** The first task, held before its exec; 0: nothing was launched. */
  readonly workloadPid: number;
  /** Processes of Galgo that the workload must neither signal nor trace. */
  readonly protectedPids: readonly number[];
  readonly cgroupKillFd?: number;
}

/** What the worker needs to make a TSEM namespace with the workload's first task in it. */
export interface TsemSetup {
  readonly folder: string;
  readonly kind: "external" | "internal";
  readonly options: NamespaceOptions;
  readonly deadlineMs: number;
  readonly command: readonly string[];
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly stdio: readonly number[];
  readonly openFiles: number;
  /** Bit n-1 for signal n. */
  readonly ignoredSignals: bigint;
}

/** Sent first of all to a worker with a TSEM setup: make the namespace. */
export interface TsemLaunchOrder {
  /** Folder of the workload's cgroup. */
  readonly cgroup?: string;
}

export interface TsemOrder {
  readonly sensor: "tsem";
  /** Becomes readable once no process of the workload is left. */
  readonly goneFd: number;
  readonly cgroupKillFd?: number;
}

/** The workload's first task, held before its exec. */
export interface TsemLaunched {
  readonly pid: number;
  readonly launcher: LauncherKind;
  /** It is in the cgroup that was named; else why not. */
  readonly inCgroup: boolean;
  readonly groupProblem?: string;
  readonly features: readonly string[];
}

/** What the worker found out, when the workload is gone. */
export interface WorkerResult {
  /** Where the model has sequences, and all events were told. */
  readonly sequences?: SequencesOutcome;
  readonly summary: NamespaceSummary;
  readonly sensor: SensorStats;
  readonly state: string;
  readonly measurement: string;
  readonly points: readonly SecurityPoint[];
  /** hex; the platform's value, where the sensor knows one. */
  readonly aggregate?: string;
  /** What happened while the namespace had no agent, when it was adopted. */
  readonly gap?: Gap;
}

export type WorkerMessage =
  /** `bpf`: where the namespace is, for the thread that watches. */
  | { readonly type: "ready"; readonly bpf?: AgentPlace }
  /** The sensor can not be used on this machine. */
  | { readonly type: "no-sensor"; readonly message: string }
  | { readonly type: "launched"; readonly launched: TsemLaunched }
  /** The command could not be run (errno), or runs (null). */
  | { readonly type: "exec"; readonly errno: number | null }
  /** Something for people. */
  | { readonly type: "notice"; readonly text: string }
  /** The first call can come; `features` were found on this machine. */
  | { readonly type: "serving"; readonly features: readonly string[] }
  | { readonly type: "violation"; readonly violation: ViolationReport }
  /** Strange, although the model allows it. */
  | { readonly type: "anomaly"; readonly anomaly: AnomalyReport }
  /** The workload has to die; the worker has done what it can. */
  | { readonly type: "kill"; readonly reason: string }
  /** Something went wrong; the run can not succeed. */
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "done"; readonly result: WorkerResult }
  /** The kernel goes on with the namespace alone; `gap`: before it was adopted here. */
  | { readonly type: "left"; readonly gap?: Gap };
