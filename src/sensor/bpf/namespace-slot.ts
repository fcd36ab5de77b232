// SPDX-License-Identifier: Apache-2.0
// Elements of galgo_namespaces: what user space tells the programs of a namespace, and what they count.
import type { BpfMap } from "../../native/bpf-map.ffi.ts";
import type { Mapping } from "../../native/mapping.ffi.ts";
import { NAMESPACE } from "./layout.gen.ts";

const AT = NAMESPACE.at;
const COUNTERS = [
  "hits",
  "misses",
  "held",
  "atomic",
  "refused",
  "unanswered",
  "lost",
  "sequence",
  "tasks",
] as const;

/**
 * hits: known events. misses: unknown ones, of which: held (asked about), atomic (nobody can wait), refused (by the programs
 * alone), unanswered (the agent was gone), lost (allowed without a record). sequence: records made. tasks: living ones.
 */
export type NamespaceCounters = Readonly<Record<(typeof COUNTERS)[number], bigint>>;

/** The element of one slot, shared with the programs. May be used by several threads, each with its own view. */
export class NamespaceView {
  readonly #mapping: Mapping;
  readonly #halves: Uint32Array;
  readonly #words: BigInt64Array;

  /** @param namespaces the map; it may be closed afterwards */
  constructor(namespaces: BpfMap, slot: number) {
    const { valueBytes } = namespaces.info;
    this.#mapping = namespaces.mapElements();
    const start = slot * valueBytes;
    this.#halves = new Uint32Array(this.#mapping.memory, start, valueBytes / 4);
    this.#words = new BigInt64Array(this.#mapping.memory, start, valueBytes / 8);
  }

  get flags(): number {
    return Atomics.load(this.#halves, AT.flags / 4);
  }

  get serial(): number {
    return Atomics.load(this.#halves, AT.serial / 4);
  }

  /** Adds flags (NamespaceFlag); everything that they depend on has to be in place. */
  raise(flags: number): void {
    Atomics.or(this.#halves, AT.flags / 4, flags);
  }

  lower(flags: number): void {
    Atomics.and(this.#halves, AT.flags / 4, ~flags);
  }

  /** Numbers of the hooks (enum galgo_hook) that are modeled; of others nothing is told, and nothing is refused. */
  setHooks(hooks: Iterable<number>): void {
    const bits = new Uint32Array(4);
    for (const hook of hooks) bits[hook >>> 5] = (bits[hook >>> 5] ?? 0) | (1 << (hook & 31));
    for (const [at, half] of bits.entries()) Atomics.store(this.#halves, AT.hooks / 4 + at, half);
  }

  /** Rules of the profile that make keys coarser (enum galgo_rules). */
  setRules(rules: number): void {
    Atomics.store(this.#halves, AT.rules / 4, rules);
  }

  /** Through whom programs ask. @param device as the kernel keeps it: `Anchor.device.value` */
  setAnchor(pid: number, device: number): void {
    Atomics.store(this.#halves, AT.anchorDev / 4, device);
    Atomics.store(this.#halves, AT.anchor / 4, pid);
  }

  /** Counts tasks that user space has put into the namespace; the programs count those that they fork, and all that end. */
  addTasks(count: number): void {
    Atomics.add(this.#words, AT.tasks / 8, BigInt(count));
  }

  counter(name: (typeof COUNTERS)[number]): bigint {
    return Atomics.load(this.#words, AT[name] / 8);
  }

  counters(): NamespaceCounters {
    return Object.fromEntries(
      COUNTERS.map((name) => [name, this.counter(name)]),
    ) as NamespaceCounters;
  }

  close(): void {
    this.#mapping.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A serial that no slot has had. */
export function newSerial(namespaces: BpfMap): number {
  let last = 0;
  for (let slot = 0; slot < namespaces.info.maxEntries; slot++)
    last = Math.max(last, serialIn(namespaces, slot));
  return last + 1;
}

export function serialIn(namespaces: BpfMap, slot: number): number {
  return element(namespaces, slot).readUInt32LE(AT.serial);
}

/** NamespaceFlag */
export function flagsIn(namespaces: BpfMap, slot: number): number {
  return element(namespaces, slot).readUInt32LE(AT.flags);
}

function element(namespaces: BpfMap, slot: number): Buffer {
  const value = Buffer.alloc(namespaces.info.valueBytes);
  namespaces.get(slot, value);
  return value;
}

/** A namespace that is not active yet: the programs let everything pass. */
export function prepareSlot(namespaces: BpfMap, slot: number, serial: number): void {
  const value = Buffer.alloc(namespaces.info.valueBytes);
  value.writeUInt32LE(serial, AT.serial);
  namespaces.set(slot, value);
}

/** No namespace any more. The serial stays, so that none gets it again. */
export function clearSlot(namespaces: BpfMap, slot: number): void {
  prepareSlot(namespaces, slot, serialIn(namespaces, slot));
}

/** Living tasks of the namespace. */
export function tasksIn(namespaces: BpfMap, slot: number): number {
  return Math.max(0, Number(element(namespaces, slot).readBigInt64LE(AT.tasks)));
}
