// SPDX-License-Identifier: Apache-2.0
// Processor time and memory of the parts of a fleet, each part a process with all that it has started, read from /proc.
import { readdirSync, readFileSync } from "node:fs";

const TICKS_A_SECOND = 100;

/** Processor time so far (s) and memory (MiB) of some processes together. */
export interface Usage {
  readonly cpu: number;
  /** Memory shared by several of them is counted once (PSS). */
  readonly memory: number;
  readonly processes: number;
}

/** What a part took between two readings. */
export interface Window {
  /** Of one processor (%). */
  readonly cpu: number;
  /** At the end (MiB). */
  readonly memory: number;
}

/** The process and all below it; none when it is gone. */
export function family(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(Number(name));
    if (parent === undefined) continue;
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found: number[] = [];
  const take = (one: number): void => {
    found.push(one);
    for (const child of children.get(one) ?? []) take(child);
  };
  if (stat(pid) !== undefined) take(pid);
  return found;
}

/** @param own only the process itself, without what it has started */
export function usageOf(pid: number, own = false): Usage {
  const pids = own ? [pid] : family(pid);
  let [cpu, memory] = [0, 0];
  for (const one of pids) {
    cpu += cpuOf(one, own ? OWN_TIMES : ALL_TIMES);
    memory += memoryOf(one);
  }
  return { cpu, memory, processes: pids.length };
}

/** How often memory is looked at. */
const LOOK_MS = 1_000;

/** Readings of named parts, and what lies between two of them. */
export class Meter {
  readonly #parts: ReadonlyMap<string, () => Usage>;
  readonly #timer: NodeJS.Timeout;
  #at = 0;
  #before = new Map<string, Usage>();
  /** Largest memory of each part since the beginning (MiB). */
  readonly #peaks = new Map<string, number>();
  readonly #counted: ReadonlySet<string>;
  #together = 0;

  /** @param counted parts whose memory is looked at together too */
  constructor(parts: Readonly<Record<string, () => Usage>>, counted: readonly string[]) {
    this.#parts = new Map(Object.entries(parts));
    this.#counted = new Set(counted);
    this.begin();
    this.#timer = setInterval(() => this.#read(), LOOK_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  begin(): void {
    this.#at = performance.now();
    this.#before = this.#read();
  }

  /** Since `begin`. */
  end(): ReadonlyMap<string, Window> {
    const seconds = (performance.now() - this.#at) / 1_000;
    const after = this.#read();
    return new Map(
      [...after].map(([name, usage]) => {
        const before = this.#before.get(name)?.cpu ?? 0;
        return [name, { cpu: (100 * (usage.cpu - before)) / seconds, memory: usage.memory }];
      }),
    );
  }

  /** By part (MiB). */
  get peaks(): ReadonlyMap<string, number> {
    return this.#peaks;
  }

  /** The most that the counted parts had at one moment (MiB). */
  get together(): number {
    return this.#together;
  }

  #read(): Map<string, Usage> {
    const found = new Map<string, Usage>();
    let together = 0;
    for (const [name, read] of this.#parts) {
      const usage = read();
      this.#peaks.set(name, Math.max(usage.memory, this.#peaks.get(name) ?? 0));
      if (this.#counted.has(name)) together += usage.memory;
      found.set(name, usage);
    }
    this.#together = Math.max(this.#together, together);
    return found;
  }
}

function stat(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

function parentOf(pid: number): number | undefined {
  const parent = stat(pid)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/** Members of /proc/PID/stat behind the name: user and system time, then those of children that have ended. */
const OWN_TIMES: readonly number[] = [11, 12];
const ALL_TIMES: readonly number[] = [11, 12, 13, 14];

/** In seconds. */
function cpuOf(pid: number, times: readonly number[]): number {
  const members = stat(pid) ?? [];
  return times.reduce((sum, at) => sum + Number(members[at] ?? 0), 0) / TICKS_A_SECOND;
}

function memoryOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
    return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
}
