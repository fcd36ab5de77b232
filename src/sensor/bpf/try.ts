// SPDX-License-Identifier: Apache-2.0
// Finds out, step by step, whether the BPF sensor works on this machine. Everything that is tried is undone.
import { readFileSync } from "node:fs";
import { BpfObject } from "../../native/bpf-object.ffi.ts";
import { KernelTypes } from "../../native/kernel-types.ffi.ts";
import { libbpf } from "../../native/libbpf.ffi.ts";
import { startAnchor } from "./anchor.ts";
import { tryPlace } from "./bpffs.ts";
import { findBtfFunction } from "./btf.ts";
import { builtObject } from "./built.ts";
import { leftovers } from "./install.ts";
import { builtPrograms, canAttach } from "./programs.ts";

/** One step. `ok` is undefined where it is information only, or was not tried because an earlier step failed. */
export interface BpfStep {
  readonly id: string;
  readonly title: string;
  readonly ok: boolean | undefined;
  readonly value: string;
}

/** Functions of the kernel through which a hook asks Galgo, and the version that brought them. */
export const NEEDED_FUNCTIONS: readonly (readonly [string, string])[] = [
  ["bpf_get_file_xattr", "6.8"],
  ["bpf_get_task_exe_file", "6.12"],
];
const NEEDED_CAPABILITIES: readonly (readonly [string, number])[] = [
  ["CAP_SYS_ADMIN", 21],
  ["CAP_PERFMON", 38],
  ["CAP_BPF", 39],
];
const SECURITY_MODULES = "/sys/kernel/security/lsm";
const MAX_REASON = 160;

/** Each step by itself, as far as possible; the last one loads the real programs, if everything before it went well. */
export async function tryBpfSensor(): Promise<BpfStep[]> {
  const steps = [
    step("bpf-libbpf", "libbpf", () => {
      libbpf();
      return "yes";
    }),
    step("bpf-object", "kernel programs of Galgo", () => builtPrograms(builtObject()).build),
    step("bpf-functions", "functions through which a hook can ask", neededFunctions),
    step("bpf-capabilities", "capabilities", neededCapabilities),
    step("bpf-fs", "BPF file system", placeForPins),
    await anchorStep(),
  ];
  const failed = steps.some(({ ok }) => ok !== true);
  return [...steps, ...(failed ? [] : [step("bpf-programs", "all programs load", loadAll)])];
}

/** The list of active security modules; undefined where the kernel does not show it. */
export function securityModules(): readonly string[] | undefined {
  try {
    return readFileSync(SECURITY_MODULES, "latin1").trim().split(",");
  } catch {
    return undefined;
  }
}

/** What dead processes left in the kernel, in words. */
export function leftoverStep(): BpfStep {
  const title = "left in the kernel by Galgos that died";
  try {
    const { slots, programs } = leftovers();
    if (slots + programs === 0) return { id: "bpf-leftovers", title, ok: true, value: "nothing" };
    const value = `${slots} namespaces, ${programs} sets of programs; galgo doctor --cleanup removes them`;
    return { id: "bpf-leftovers", title, ok: false, value };
  } catch (error) {
    return { id: "bpf-leftovers", title, ok: undefined, value: reasonOf(error) };
  }
}

function step(id: string, title: string, attempt: () => string): BpfStep {
  try {
    return { id, title: `  ${title}`, ok: true, value: attempt() };
  } catch (error) {
    return { id, title: `  ${title}`, ok: false, value: reasonOf(error) };
  }
}

/** What libbpf and the verifier say has many lines; the first one names the fault. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split("\n", 1)[0] ?? "").slice(0, MAX_REASON);
}

function neededFunctions(): string {
  // not by libbpf: where that is missing, this is still to be known
  const types = readFileSync("/sys/kernel/btf/vmlinux");
  const missing = NEEDED_FUNCTIONS.filter(([name]) => findBtfFunction(types, name) === undefined);
  if (missing.length === 0) return "yes";
  throw new Error(`no ${missing.map(([name, since]) => `${name} (Linux ${since})`).join(", ")}`);
}

function neededCapabilities(): string {
  const status = readFileSync("/proc/self/status", "latin1");
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
  const missing = NEEDED_CAPABILITIES.filter(([, bit]) => ((effective >> BigInt(bit)) & 1n) === 0n);
  if (missing.length === 0) return "yes";
  throw new Error(`no ${missing.map(([name]) => name).join(", ")}`);
}

function placeForPins(): string {
  return tryPlace() ? "mounted" : "can be mounted";
}

async function anchorStep(): Promise<BpfStep> {
  const id = "bpf-anchor";
  const title = "  Galgo can be asked (FUSE)";
  try {
    const anchor = await startAnchor(() => 0);
    anchor.close();
    return { id, title, ok: true, value: "yes" };
  } catch (error) {
    return { id, title, ok: false, value: reasonOf(error) };
  }
}

/** Has the kernel verify the programs; nothing is attached. */
function loadAll(): string {
  using object = BpfObject.open(builtObject());
  using kernel = new KernelTypes();
  let count = 0;
  for (const program of object.programs) {
    const can = canAttach(program.section, kernel);
    program.setAutoload(can);
    if (can) count++;
  }
  object.load();
  return `${count} of ${object.programs.length}`;
}
