// SPDX-License-Identifier: Apache-2.0
// Agents in their places: how large, how long to the first answer, how long a verdict takes, beside a byte that goes through a pipe and back;
// and what the core computes in a second, beside the plain model.
import { randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import {
  closeFd,
  makePipe,
  pollAll,
  readInto,
  spawnFromThread,
  writeOnce,
} from "../src/native/tsem.ffi.ts";
import { waitChild } from "../src/native/process.ffi.ts";
import {
  BOARDS,
  createPlainAgent,
  type ModelAgent,
  parseLocality,
  type Place,
  readyPlace,
  startAgent,
} from "../src/tma/index.ts";
import type { EventBytes } from "../src/tma/protocol.ts";
import { bench } from "./lib/bench.ts";
import { elfSizes } from "../test/helpers/elf.ts";
import type { BenchOutcome, BenchTable, Verdict } from "./lib/result.ts";
import { digits, median, quantile, times, us, withRange } from "./lib/stats.ts";

const ROUNDS = 5;
const VERDICTS = 2_000;
const WARM_UP = 200;
const KNOWN = 200;
const EVENTS = 30_000;
/** Bytes of name, ids, COE and CELL: 600 together. */
const EVENT = { name: "file_open", ids: 64, coe: 40, cell: 487 };
const GOALS: Readonly<Record<string, number>> = { process: 5, vm: 20 };
const EVENTS_GOAL = 140_000;

interface Timed {
  readonly p50: number;
  readonly p99: number;
}

interface Found {
  readonly place: Place | undefined;
  readonly startMs: number[];
  readonly verdict: Timed[];
  readonly event: Timed[];
  rssKb: number;
}

async function measure(): Promise<BenchOutcome> {
  const boards = Object.entries(BOARDS).filter(([, { emulated }]) => emulated);
  const names = [
    "in-process",
    "wasm",
    "process",
    "vm",
    ...boards.map(([name]) => `serial:${name}`),
  ];
  const found = new Map(names.map((name) => [name, emptyFound(name)] as const));
  const pipes: Timed[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    pipes.push(pingPong());
    for (const one of found.values()) measureOnce(one);
  }
  const core = coreRates();
  return {
    tables: [placesTable(found, pipes), core.table],
    verdicts: [...goals(found, pipes), core.verdict],
    notes: [
      `pipe: 64 bytes to cat(1) and back through two pipes, with the same calls; p50 ${us(median(pipes.map(({ p50 }) => p50)))} us, p99 ${us(median(pipes.map(({ p99 }) => p99)))} us`,
      "a verdict is on a coefficient that the agent knows, sent and answered with its HMAC; an event is 600 bytes that the agent maps itself",
      "boards are emulated (TCG), the machine too; code of a board or machine is what is loaded, memory is that of the agent without its stack; RSS is that of the process, QEMU's own included",
    ],
  };
}

function emptyFound(name: string): Found {
  return { place: readyPlace(parseLocality(name)), startMs: [], verdict: [], event: [], rssKb: 0 };
}

function measureOnce(found: Found): void {
  const { place, startMs, verdict, event } = found;
  const began = performance.now();
  const agent = place === undefined ? createPlainAgent() : startAgent(place);
  startMs.push(performance.now() - began);
  try {
    const known = Array.from({ length: KNOWN }, () => randomBytes(32).toString("hex"));
    agent.load(known);
    const slow = place?.kind === "serial" ? 4 : 1;
    verdict.push(timed(VERDICTS / slow, (i) => agent.update(known[i % KNOWN] ?? "")));
    const events = Array.from({ length: 20 }, someEvent);
    if (agent.event(someEvent()) !== undefined)
      event.push(timed(VERDICTS / 4 / slow, (i) => agent.event(events[i % 20] ?? someEvent())));
    found.rssKb = rssOf(agent);
  } finally {
    agent.close();
  }
}

function someEvent(): EventBytes {
  return {
    name: Buffer.from(EVENT.name),
    ids: randomBytes(EVENT.ids),
    coe: randomBytes(EVENT.coe),
    cell: randomBytes(EVENT.cell),
  };
}

/** Nanoseconds. */
function timed(n: number, act: (i: number) => unknown): Timed {
  for (let i = 0; i < WARM_UP; i++) act(i);
  const took: number[] = [];
  for (let i = 0; i < n; i++) {
    const start = process.hrtime.bigint();
    act(i);
    took.push(Number(process.hrtime.bigint() - start));
  }
  return { p50: quantile(took, 0.5), p99: quantile(took, 0.99) };
}

function pingPong(): Timed {
  const [inRead, inWrite] = makePipe();
  const [outRead, outWrite] = makePipe();
  const pid = spawnFromThread({
    path: "/bin/cat",
    argv: ["cat", "-u"],
    env: {},
    cwd: "/",
    fds: [inRead, outWrite],
  });
  closeFd(inRead);
  closeFd(outWrite);
  const bytes = Buffer.alloc(64, 7);
  const found = timed(VERDICTS, () => {
    writeOnce(inWrite, bytes);
    pollAll([outRead], 1_000);
    readInto(outRead, bytes, 0);
  });
  closeFd(inWrite);
  closeFd(outRead);
  waitChild(pid, 0);
  return found;
}

function rssOf({ name }: ModelAgent): number {
  const pid = /process (\d+)$/.exec(name)?.[1];
  if (pid === undefined) return 0;
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
}

// --- places -----------------------------------------------------------------------------------------------------------

function placesTable(found: ReadonlyMap<string, Found>, pipes: readonly Timed[]): BenchTable {
  const rows = [...found].map(([name, one]) => {
    const sizes = sizesOf(one.place);
    return [
      name,
      sizes === undefined ? "-" : sizes.code.toLocaleString("en-US"),
      sizes?.memory === undefined ? "-" : sizes.memory.toLocaleString("en-US"),
      one.rssKb === 0 ? "-" : one.rssKb.toLocaleString("en-US"),
      withRange(one.startMs, digits),
      quantiles(one.verdict),
      ratios(one.verdict, pipes),
      one.event.length === 0 ? "too long for it" : quantiles(one.event),
    ];
  });
  return {
    title: `a verdict in each place (median of ${ROUNDS} rounds)`,
    columns: [
      "place",
      "code, bytes",
      "memory, bytes",
      "RSS, kB",
      "first answer, ms",
      "verdict p50 / p99, us",
      "times a pipe",
      "event of 600 bytes, us",
    ],
    rows,
  };
}

function quantiles(all: readonly Timed[]): string {
  return `${us(median(all.map(({ p50 }) => p50)))} / ${us(median(all.map(({ p99 }) => p99)))}`;
}

function ratio(all: readonly Timed[], pipes: readonly Timed[], share: "p50" | "p99"): number {
  return median(all.map((one, round) => one[share] / (pipes[round]?.[share] ?? Number.NaN)));
}

function ratios(all: readonly Timed[], pipes: readonly Timed[]): string {
  return `${times(ratio(all, pipes, "p50"))} / ${times(ratio(all, pipes, "p99"))}`;
}

function sizesOf(place: Place | undefined): { code: number; memory?: number } | undefined {
  if (place?.start.way === "load") return { code: statSync(place.start.file).size };
  if (place?.start.way !== "spawn") return undefined;
  const { inFile, zeroed } = elfSizes(place.start.image);
  return { code: inFile, memory: zeroed };
}

function goals(found: ReadonlyMap<string, Found>, pipes: readonly Timed[]): Verdict[] {
  return Object.entries(GOALS).map(([name, goal]) => {
    const measured = ratio(found.get(name)?.verdict ?? [], pipes, "p50");
    return {
      what: `verdict in ${name}, p50`,
      budget: `${goal}x of a pipe`,
      measured: times(measured),
      met: measured <= goal,
    };
  });
}

// --- the core ---------------------------------------------------------------------------------------------------------

/** Events a second, with five digests each: COE, CELL, coefficient, and two to extend the measurement. */
function coreRates(): { table: BenchTable; verdict: Verdict } {
  const rates: Record<"plain" | "wasm", number[]> = { plain: [], wasm: [] };
  const wasm = readyPlace(parseLocality("wasm"));
  for (let round = 0; round < ROUNDS; round++) {
    rates.plain.push(rate(createPlainAgent()));
    if (wasm !== undefined) rates.wasm.push(rate(startAgent(wasm)));
  }
  const [plain, core] = [median(rates.plain), median(rates.wasm)];
  const best = Math.max(plain, core);
  return {
    table: {
      title: `events of 600 bytes a second in one thread, five digests each (median and range of ${ROUNDS} rounds of ${EVENTS})`,
      columns: ["plain model, crypto.hash", "core in WebAssembly", "core, times the plain one"],
      rows: [[withRange(rates.plain, digits), withRange(rates.wasm, digits), times(core / plain)]],
    },
    verdict: {
      what: `events a second, ${plain >= core ? "the plain model (the default)" : "the core in WebAssembly"}`,
      budget: digits(EVENTS_GOAL),
      measured: digits(best),
      met: best >= EVENTS_GOAL,
    },
  };
}

function rate(agent: ModelAgent): number {
  const events = Array.from({ length: 64 }, someEvent);
  const start = performance.now();
  for (let i = 0; i < EVENTS; i++) {
    const event = events[i % 64] ?? someEvent();
    // another event each time
    event.cell[0] = i & 255;
    event.cell[1] = i >> 8;
    agent.event(event);
    agent.measurement();
  }
  const seconds = (performance.now() - start) / 1_000;
  agent.close();
  return EVENTS / seconds;
}

await bench("tma", measure);
