// SPDX-License-Identifier: Apache-2.0
// What run.json says of a run. Written when the run starts ("running") and again, whole, when it ends.
import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { quote } from "../base/quote.ts";
import type { Fidelity } from "../sensor/sensor.ts";
import { StateError } from "./errors.ts";
import type { AgentRequest } from "./agent/request.ts";
import type { FloorRecord } from "./floor/floor-run.ts";
import type { ModelSigner } from "./models/signed-model.ts";
import type { LatencySummary } from "./namespace/latency.ts";
import type { Shadow } from "./namespace/shadow.ts";
import type { SequencesOutcome } from "./sequences/live.ts";

/** free: everything is allowed and recorded. detect: sealed, nothing is refused. enforce: sealed, the policy decides. */
export type RunMode = "free" | "detect" | "enforce";

/** What an enforcing namespace does with an event outside its model. */
export type ViolationPolicy = "deny" | "kill" | "observe";

/** Whether something is refused. */
export function enforces(how: {
  readonly mode: RunMode;
  readonly onViolation: ViolationPolicy;
}): boolean {
  return how.mode === "enforce" && how.onViolation !== "observe";
}

/** How the workload's first process ended. */
export type ChildExit = { readonly code: number } | { readonly signal: string };

/** A container by the names that people look for. */
export interface ContainerName {
  readonly id: string;
  /** As its engine names the image. */
  readonly image?: string;
}

/** What is known of a container that is a workload. */
export interface ContainerFacts extends ContainerName {
  /** "sha256:..." */
  readonly imageDigest?: string;
  /** Program that handed it over: runc, crun, ... */
  readonly runtime?: string;
  readonly bundle?: string;
}

export function containerName({ id, image }: ContainerFacts): ContainerName {
  return image === undefined ? { id } : { id, image };
}

/** A kind of loss, how often it happened, and the first example. */
export interface LossReason {
  readonly reason: string;
  readonly count: number;
  readonly example: string;
}

export interface RunCounts {
  /** Events that reached the namespace. */
  readonly events: number;
  /** Points of the model at the end. */
  readonly points: number;
  /** Behaviours outside a sealed model, each counted once. */
  readonly violations: number;
  /** Calls of untrusted processes that were refused without being modeled. */
  readonly refused: number;
  readonly lost: number;
}

export interface RunOutcome {
  readonly ended: string;
  readonly durationMs: number;
  readonly exit?: ChildExit;
  readonly counts: RunCounts;
  readonly losses: readonly LossReason[];
  /** Of a run under a model that refused nothing: what it would have refused. */
  readonly shadow?: Shadow;
  readonly state: string;
  readonly measurement: string;
  /** When a console or an operator sealed the model of a run that began without one. */
  readonly sealed?: string;
  /** From then on what was outside of it was refused. */
  readonly enforced?: boolean;
  readonly latency: LatencySummary;
  /** Of a run under a model with sequences of which each event was told. */
  readonly sequences?: SequencesOutcome;
  /** Why Galgo ended the workload, when it did. */
  readonly killed?: string;
  readonly fidelity?: Fidelity;
}

/** An orderly end of the Galgo that served the run: the kernel goes on refusing what is outside of the model. */
export interface RunLeft {
  readonly at: string;
  readonly why: string;
}

/** Events that nobody could be asked about. */
export interface RunAdoption {
  readonly at: string;
  /** How the Galgo before had ended; absent: it was killed. */
  readonly left?: RunLeft;
  /** Asked about in vain: refused where the model is enforced, else allowed. */
  readonly asked?: number;
  /** Refused and allowed where nobody can wait. */
  readonly refused?: number;
  readonly allowed?: number;
}

export interface RunRecord {
  readonly apiVersion: "galgo.dev/v1";
  readonly kind: "Run";
  readonly name: string;
  readonly runId: string;
  readonly status: "running" | "finished" | "failed";
  readonly galgoPid: number;
  /** Empty when the run joined what ran already. */
  readonly command: readonly string[];
  /** What was joined: the folder of a cgroup, or a process and what descends from it. */
  readonly attached?: { readonly cgroup: string } | { readonly pid: number };
  /** The workload is a container. */
  readonly container?: ContainerFacts;
  readonly cwd: string;
  readonly mode: RunMode;
  readonly onViolation: ViolationPolicy;
  /** What was to be done about anomalies; absent: they were told and recorded. */
  readonly onAnomaly?: string;
  /** A model of the user's that judged windows of events, besides. */
  readonly agent?: AgentRequest;
  readonly sensor: string;
  readonly mapping: string;
  readonly digest: string;
  readonly profile: string;
  /** The model file that was given. */
  readonly modelFile?: string;
  /** State value of that model: what a run that only repeats it ends with (above a floor: `floor.state`; else `ownState`). */
  readonly modelState?: string;
  /** Base of measurement and state that a verifier has chosen, hex. */
  readonly base?: string;
  /** The platform's aggregate, hex, in the place of the model's. */
  readonly aggregate?: string;
  /** With terms of its own (base, aggregate): what the run ends with when it only repeats the model. */
  readonly ownState?: string;
  /** Digest of that model, hex: of all that stands in it. Absent while the run goes on. */
  readonly modelDigest?: string;
  /** Keys whose signatures of that model were checked before it took effect; absent: nobody had asked for any. */
  readonly modelSignedBy?: readonly ModelSigner[];
  /** Where the model was kept, and the SHA-256 (hex) of the agent's code; absent: in the thread that decided. */
  readonly tma?: {
    readonly place: string;
    readonly codeDigest?: string;
    /** False: its protocol has no keys, so whoever is on the wire can answer. Absent: its answers are authentic. */
    readonly authenticated?: false;
  };
  readonly started: string;
  /** Nobody serves the run, which still has the status "running": its Galgo has ended in order. */
  readonly left?: RunLeft;
  /** The Galgo of the run was killed or has left it, and another one went on with it: when, and what happened in between. */
  readonly adopted?: readonly RunAdoption[];
  /** Reads are guarded by the kernel, unseen; `outcome.state` is then compared with `floor.state`, not with `modelState`. */
  readonly floor?: FloorRecord;
  readonly outcome?: RunOutcome;
  /** Why the run failed. */
  readonly error?: string;
}

/**
 * Reads a run.json.
 * @throws StateError BAD_RUN_FILE
 */
export function readRunRecord(path: string): RunRecord {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    const { code, message = String(cause) } = cause as NodeJS.ErrnoException;
    const problem =
      code === "ENOENT"
        ? `no run is kept in ${quote(dirname(path))}: it holds no ${basename(path)}`
        : `can not read the run file ${quote(path)}: ${quote(code ?? message, 200)}`;
    throw new StateError("BAD_RUN_FILE", problem, { cause });
  }
  if (isRunRecord(parsed)) return parsed;
  throw new StateError("BAD_RUN_FILE", `${quote(path)} is not a run file of this version of Galgo`);
}

export function isRunRecord(value: unknown): value is RunRecord {
  const run = value as Partial<RunRecord> | null;
  return (
    typeof run === "object" &&
    run !== null &&
    run.apiVersion === "galgo.dev/v1" &&
    run.kind === "Run"
  );
}
