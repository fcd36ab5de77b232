// SPDX-License-Identifier: Apache-2.0
// What every sensor is: something that turns what a workload does into security events, holds the ones it can,
// and carries out the decision. It knows no model; decisions come from the `EventSink` it is given.
import type { FileId } from "../event/cell/file.ts";
import type { Coe } from "../event/coe.ts";
import type { HookName, SecurityEvent, TaskIdentity } from "../event/event.ts";

/** What a sensor sees, what it can hold, what it cannot see. Carried by every model learned with it. */
export interface Fidelity {
  readonly sensor: "seccomp" | "bpf" | "tsem" | "replay";
  /** Hooks whose events are produced. */
  readonly sees: readonly HookName[];
  /** Hooks (of `sees`) whose events wait for the verdict. */
  readonly holds: readonly HookName[];
  /** Members that are never present, as `hook.member` or `*.member`. */
  readonly absent: readonly string[];
  /** Facts found by trying that change what is seen or held on this machine (e.g. "pidfd-getfd", "cgroup-kill"). */
  readonly features: readonly string[];
}

/**
 * What the sensor shall do with a held event. `discipline` marks the whole process untrusted (sticky, inherited by fork and exec).
 * `kill` means that the sink has begun to kill the workload: the sensor answers nothing that would let a task go on.
 */
export interface Decision {
  readonly action: "allow" | "deny" | "kill";
  readonly discipline: boolean;
}

/** A program that runs now: its file, the process (id and comm), and the credentials that it has after the exec. */
export interface ExecutedProgram {
  readonly file: FileId;
  readonly pid: number;
  readonly process: string;
  readonly coe: Coe;
}

/** A process of the workload: seen for the first time, or gone. `ts`: of its first, or its last event (ns, monotonic). */
export interface SeenProcess {
  readonly what: "start" | "end";
  readonly pid: number;
  /** Parent when it was first seen. */
  readonly ppid: number;
  /** comm; untrusted text. */
  readonly process: string;
  readonly taskId: string;
  readonly untrusted: boolean;
  readonly ts: bigint;
}

/** Gets events and gives decisions. Called from the sensor's thread, synchronously, one event at a time. */
export interface EventSink {
  /** Identity of the first task of the namespace before its first exec. */
  readonly root: TaskIdentity;
  /** Digest of no bytes, hex: the content digest of empty, pseudo, non-regular and created files. */
  readonly emptyDigest: string;
  /**
   * False when the rules would drop the content digest of this file anyway, so hashing it would be wasted time. `temporary`: the temporary
   * directory above it, as in its path.
   */
  wantsDigest(hook: HookName, flags: number, pathname: string, temporary?: string): boolean;
  /** Identity of a child that `parent` forks. */
  forked(parent: TaskIdentity): TaskIdentity;
  /** Identity after a successful exec. */
  execed(before: TaskIdentity, program: ExecutedProgram): TaskIdentity;
  /** Decide a held event. `untrusted`: its process was disciplined before. */
  decide(event: SecurityEvent, untrusted: boolean): Decision;
  /**
   * An event that could not be held, or whose outcome contradicts what was decided (an exec that ran another image).
   * `reason` is a short fixed text. An enforcing namespace kills the workload on it.
   */
  violated(event: SecurityEvent, reason: string): Decision;
  /** Something the sensor could not see or describe; counted as loss. `detail` is for people. */
  lost(reason: string, detail: string): void;
  /** Once at the begin and once at the end of a process, by sensors that know of them; never while events of it are judged. */
  processSeen?(seen: SeenProcess): void;
  /** Called after a decision was delivered to the workload: the place for bookkeeping (writing records). */
  answered(moreWaiting: boolean): void;
}

/** Counters of a sensor's run. */
export interface SensorStats {
  readonly seen: bigint;
  readonly held: bigint;
  readonly lost: bigint;
}
