// SPDX-License-Identifier: Apache-2.0
// What a namespace takes of the kernel's memory, and what all of them share.
import type { BenchOutcome, BenchTable, Verdict } from "../result.ts";
import { digits } from "../stats.ts";
import type { BpfLab, MapFacts } from "./lab.ts";

const BUDGET = 100_000;
const BEHAVIOURS = 2_000;
/** struct galgo_entry: three words; an entry without a key is free. */
const ENTRY_BYTES = 24;

export interface Memory {
  /** Keys in the interned set of the namespace. */
  readonly keys: number;
  /** Its table, and tables that it has outgrown and that are still there (bytes). */
  readonly table: number;
  readonly ring: number;
  /** Of galgo_namespaces. */
  readonly element: number;
  /** Value of galgo_tasks. */
  readonly task: number;
  /** Maps that all namespaces share. */
  readonly shared: number;
  readonly programs: number;
  readonly programCount: number;
  /** Resident memory of Galgo's process (KiB). */
  readonly agentKiB: number;
}

/** Of a living namespace. */
export async function memoryOf(lab: BpfLab, slot: number, pid: number): Promise<Memory> {
  const maps = await lab.maps();
  const inner = async (outer: string): Promise<MapFacts> => {
    const id = await innerId(lab, outer, slot);
    return maps.find((map) => map.id === id) ?? unknown(`map ${id}`);
  };
  const table = await inner("galgo_sets");
  const ring = await inner("galgo_rings");
  const programs = JSON.parse(await lab.sh("bpftool -j prog show")) as {
    name?: string;
    bytes_memlock: number;
  }[];
  const ours = programs.filter(({ name }) => name?.startsWith("galgo_") === true);
  const shared = maps.filter(
    ({ name }) => name.startsWith("galgo_") && name !== "galgo_set" && name !== "galgo_ring",
  );
  const named = (name: string): MapFacts => maps.find((map) => map.name === name) ?? unknown(name);
  return {
    keys: (await lab.elements(table.id)).slice(1).reduce((sum, bucket) => sum + keysIn(bucket), 0),
    table: table.bytes_memlock,
    ring: ring.bytes_memlock,
    element: named("galgo_namespace").bytes_value,
    task: named("galgo_tasks").bytes_value,
    shared: total(shared),
    programs: total(ours),
    programCount: ours.length,
    agentKiB: Number(/VmRSS:\s*(\d+)/.exec(await lab.sh(`cat /proc/${pid}/status`))?.[1]),
  };
}

function unknown(what: string): never {
  throw new Error(`bpftool does not show ${what}`);
}

async function innerId(lab: BpfLab, outer: string, slot: number): Promise<number> {
  const text = await lab.sh(
    `bpftool -j map lookup pinned /sys/fs/bpf/galgo/*/maps/${outer} key ${slot} 0 0 0`,
  );
  const { value } = JSON.parse(text) as { value: readonly string[] };
  return Buffer.from(value.map(Number)).readUInt32LE(0);
}

function keysIn(bucket: Buffer): number {
  let keys = 0;
  for (let at = 0; at + ENTRY_BYTES <= bucket.length; at += ENTRY_BYTES)
    if (bucket.readBigUInt64LE(at) !== 0n) keys++;
  return keys;
}

function total(of: readonly { readonly bytes_memlock: number }[]): number {
  return of.reduce((sum, { bytes_memlock }) => sum + bytes_memlock, 0);
}

export function memoryOutcome(memory: Memory): BenchOutcome {
  return { tables: [table(memory)], verdicts: [verdict(memory)] };
}

function table(memory: Memory): BenchTable {
  const bytes = grouped;
  const { keys, agentKiB } = memory;
  return {
    title: "memory (bytes, as the kernel counts it for each map)",
    note: "The table has this size from the first behaviour on. One that is too full is replaced; the old one stays for 10 s. The storage of a task is allocated when it is marked or forked; objects that a namespace creates take 16 bytes each, and the kernel's head of a storage element.",
    columns: ["what", "for each", "bytes"],
    rows: [
      [`interned set with ${bytes(keys)} behaviours`, "namespace", bytes(memory.table)],
      ["ring buffer", "namespace", bytes(memory.ring)],
      ["flags and counters", "namespace", bytes(memory.element)],
      ["task storage", "modeled task", bytes(memory.task)],
      ["other maps", "machine", bytes(memory.shared)],
      [`${memory.programCount} programs`, "machine", bytes(memory.programs)],
      ["Galgo's process, resident (MiB)", "namespace", digits(agentKiB / 1024)],
    ],
  };
}

function verdict({ keys, table: bytes }: Memory): Verdict {
  return {
    what: `bpf: kernel memory of the interned set of a namespace with ${keys.toLocaleString("en-US")} behaviours`,
    budget: `<= ${BUDGET.toLocaleString("en-US")} bytes for ${BEHAVIOURS.toLocaleString("en-US")}`,
    measured: `${grouped(bytes)} bytes`,
    met: keys >= BEHAVIOURS && bytes <= BUDGET,
  };
}

function grouped(value: number): string {
  return value.toLocaleString("en-US");
}
