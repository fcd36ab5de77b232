// SPDX-License-Identifier: Apache-2.0
// From the facts of a machine to what each sensor can do on it, and why not.
import { FLOOR_ABI } from "../../sensor/seccomp/index.ts";
import type { Fact } from "./facts.ts";

export interface SensorVerdict {
  readonly sensor: "seccomp" | "bpf" | "tsem" | "replay";
  readonly usable: boolean;
  /** Why it is refused; empty when it is usable. */
  readonly reasons: readonly string[];
  /** What works less well than it could. */
  readonly notes: readonly string[];
}

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
  const floor = floorNote(facts);
  if (floor !== undefined) notes.push(floor);
  return { sensor: "seccomp", usable: reasons.length === 0, reasons, notes };
}

/** Landlock's ABI version, as the fact says it. */
const ABI = /^ABI (\d+)/;

function floorNote(facts: Facts): string | undefined {
  const landlock = facts.get("landlock")?.value ?? "unknown";
  const abi = Number(ABI.exec(landlock)?.[1] ?? 0);
  return abi >= FLOOR_ABI
    ? undefined
    : `no run --floor: Landlock ABI ${FLOOR_ABI} or newer is needed (${landlock})`;
}

/** Everything else is there: then it is no fault of the kernel's that can be mended here. */
const REFUSED_LSM =
  "a BPF security program does not load: what runs this machine (a container, a sandbox) forbids it";

/** Also what can be done about each; the first one is the most fundamental. */
function judgeBpf(facts: Facts): SensorVerdict {
  const kernel = facts.get("kernel")?.value ?? "this kernel";
  const reasons = lacking(facts, {
    arch: "no programs for this architecture",
    btf: "no kernel type information: a kernel with CONFIG_DEBUG_INFO_BTF is needed",
    "bpf-functions": `the kernel (${kernel}) is too old: Linux 6.12 or newer is needed, older ones give a hook no way to ask and wait`,
    "bpf-lsm-active":
      "the BPF security module is not active: add bpf to the list of the boot parameter lsm=, and boot again",
    "bpf-capabilities": "not permitted: run galgo as root",
    ...(facts.get("bpf-capabilities")?.ok === false ? {} : { "bpf-lsm-load": REFUSED_LSM }),
    "bpf-libbpf": "libbpf is missing: install libbpf1",
    "bpf-object":
      "the kernel programs were not built: npm run build, with clang, llvm and libbpf-dev installed",
    "bpf-fs": "no place for pins: as root, mount -t bpf bpf /sys/fs/bpf",
    "bpf-anchor": "Galgo can not be asked through FUSE: load the module fuse, and see to /dev/fuse",
  });
  const loads = reasons.length > 0 || facts.get("bpf-programs")?.ok === true;
  const refused = lacking(facts, { "bpf-programs": "the kernel refuses the programs" });
  const notes = lacking(facts, {
    launcher: "the native launcher does not work, Node starts the workload (slower)",
    "cgroup-kill": "the workload is killed process by process, not as one cgroup",
    ...(facts.get("bpf-leftovers")?.ok === false
      ? { "bpf-leftovers": "Galgos that died left something in the kernel" }
      : {}),
  });
  const all = loads ? reasons : refused;
  return { sensor: "bpf", usable: all.length === 0, reasons: all, notes };
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
