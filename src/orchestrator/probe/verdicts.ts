// SPDX-License-Identifier: Apache-2.0
// From the facts of a machine to what each sensor can do on it, and why not.
import type { Fact } from "./facts.ts";

export interface SensorVerdict {
  readonly sensor: "seccomp" | "bpf" | "tsem" | "replay";
  readonly usable: boolean;
  /** Why it is refused; empty when it is usable. */
  readonly reasons: readonly string[];
  /** What works less well than it could. */
  readonly notes: readonly string[];
}

const NOT_YET = "not part of this version of Galgo";

export function judgeSensors(facts: readonly Fact[]): SensorVerdict[] {
  const byId = new Map(facts.map((fact) => [fact.id, fact]));
  return [judgeSeccomp(byId), judgeBpf(byId), judgeTsem(byId)];
}

type Facts = ReadonlyMap<string, Fact>;

/** Texts for those of the listed facts that are not so. */
function lacking(facts: Facts, wanted: Readonly<Record<string, string>>): string[] {
  return Object.entries(wanted).flatMap(([id, text]) => {
    const fact = facts.get(id);
    return fact?.ok === true ? [] : [`${text} (${fact?.value ?? "unknown"})`];
  });
}

function judgeSeccomp(facts: Facts): SensorVerdict {
  const reasons = lacking(facts, {
    arch: "no system call table for this architecture",
    "user-notification": "seccomp user notification is refused",
    continue: "held calls can not be let go",
    "process-vm-readv": "arguments of the workload can not be read",
  });
  const notes = lacking(facts, {
    "addfd-send": "opens can not be performed for the workload, only checked",
    "wait-killable": "signals may interrupt held calls",
    "sync-wake-up": "each decision pays the wake-up of a processor",
    "pidfd-getfd": "the listener is handed over by a helper",
    launcher: "the native launcher does not work, Node starts the workload (slower)",
    "cgroup-kill": "the workload is killed process by process, not as one cgroup",
  });
  return { sensor: "seccomp", usable: reasons.length === 0, reasons, notes };
}

function judgeBpf(facts: Facts): SensorVerdict {
  const reasons = lacking(facts, {
    btf: "no kernel type information",
    "bpf-lsm-active": "the BPF security module is not active",
    "bpf-lsm-load": "a BPF security program does not load",
  });
  return { sensor: "bpf", usable: false, reasons: [NOT_YET, ...reasons], notes: [] };
}

function judgeTsem(facts: Facts): SensorVerdict {
  if (facts.get("tsem")?.ok !== true) {
    const reasons = lacking(facts, { tsem: "not a TSEM kernel" });
    return { sensor: "tsem", usable: false, reasons, notes: [] };
  }
  const reasons = lacking(facts, {
    "tsem-control": "TSEM takes no commands from us",
    "tsem-namespace": "no namespace can be made",
  });
  const notes = lacking(facts, {
    launcher:
      "the native launcher does not work, Node starts the workload: events of its own come first",
    "cgroup-kill": "the workload is killed process by process, not as one cgroup",
  });
  return { sensor: "tsem", usable: reasons.length === 0, reasons, notes };
}
