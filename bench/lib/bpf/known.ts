// SPDX-License-Identifier: Apache-2.0
// A million repeats of a known event: what the programs count, and whether any of Galgo's threads wakes up meanwhile.
import type { BenchOutcome, Verdict } from "../result.ts";
import { type BpfLab, galgoCommand, type Running } from "./lab.ts";

const REPEATS = 1_000_000;
/** Left by the instruction counts, so it is old enough to be interned. */
const FILE = "/var/tmp/icount-0";
/** After this Node's threads have ended what a start leaves to do (s). */
const CALM = 60;
/** Galgo's main thread looks once a second whether the agent's thread goes on (src/orchestrator/watchdog.ts). */
const WATCHDOG_S = 1;

interface Snapshot {
  /** Guest's time (s). */
  readonly at: number;
  /** Context switches of each thread, by its number. */
  readonly switches: ReadonlyMap<number, number>;
  readonly hits: number;
  readonly misses: number;
}

interface Stretch {
  readonly seconds: number;
  /** Wake-ups of the main thread. */
  readonly main: number;
  /** Of all others, the agent's among them. */
  readonly others: number;
  readonly hits: number;
  readonly misses: number;
}

/** To be called in a guest that counts instructions, with programs attached. */
export async function measureKnown(lab: BpfLab): Promise<BenchOutcome> {
  const program = await lab.program("known");
  const before = new Set((await lab.owners()).keys());
  const running = lab.start(galgoCommand("known", [program, FILE, String(REPEATS)]));
  await running.line(/^ready 0$/);
  const [slot, pid] =
    [...(await lab.owners())].find(([number]) => !before.has(number)) ?? nothing();
  await lab.sleep(CALM);
  const busy = await stretch(lab, { slot, pid }, () => repeat(running));
  const idle = await stretch(lab, { slot, pid }, () => lab.sleep(busy.seconds));
  await running.finish();
  return {
    tables: [
      {
        title: `Galgo's threads during ${REPEATS.toLocaleString("en-US")} repeats of a known open+close`,
        note: `The main thread has a timer of ${WATCHDOG_S} s that looks after the agent's thread; nothing else of Galgo's runs. Guest time by instructions.`,
        columns: [
          "what",
          "guest time, s",
          "hits",
          "misses",
          "wake-ups, agent's and other threads",
          "wake-ups, main thread",
        ],
        rows: [rowOf("repeats", busy), rowOf("nothing, as long", idle)],
      },
    ],
    verdicts: verdicts(busy),
  };
}

function nothing(): never {
  throw new Error("the run has no slot");
}

async function repeat(running: Running): Promise<void> {
  running.say("go");
  await running.line(/^done \d+$/);
}

async function stretch(
  lab: BpfLab,
  of: { readonly slot: number; readonly pid: number },
  work: () => Promise<void>,
): Promise<Stretch> {
  const from = await snapshot(lab, of);
  await work();
  const to = await snapshot(lab, of);
  const woken = [...to.switches].map(([thread, count]) => ({
    thread,
    count: count - (from.switches.get(thread) ?? 0),
  }));
  const sum = (isMain: boolean): number =>
    woken.reduce((all, { thread, count }) => all + ((thread === of.pid) === isMain ? count : 0), 0);
  return {
    seconds: to.at - from.at,
    main: sum(true),
    others: sum(false),
    hits: to.hits - from.hits,
    misses: to.misses - from.misses,
  };
}

async function snapshot(
  lab: BpfLab,
  { slot, pid }: { readonly slot: number; readonly pid: number },
): Promise<Snapshot> {
  const { hits = Number.NaN, misses = Number.NaN } = await lab.counters(slot);
  const text = await lab.sh(
    `cut -d' ' -f1 /proc/uptime; grep -H ctxt_switches /proc/${pid}/task/*/status`,
  );
  const switches = new Map<number, number>();
  for (const [, thread, count] of text.matchAll(/task\/(\d+)\/status:\w+:\s*(\d+)/g))
    switches.set(Number(thread), (switches.get(Number(thread)) ?? 0) + Number(count));
  return { at: Number.parseFloat(text), switches, hits, misses };
}

function rowOf(what: string, { seconds, hits, misses, others, main }: Stretch): string[] {
  const count = (value: number): string => value.toLocaleString("en-US");
  return [what, seconds.toFixed(2), count(hits), count(misses), count(others), count(main)];
}

function verdicts({ seconds, main, others, hits, misses }: Stretch): Verdict[] {
  const timers = Math.ceil(seconds / WATCHDOG_S);
  const woken = others + Math.max(0, main - timers);
  return [
    {
      what: `bpf: agent wake-ups during ${REPEATS.toLocaleString("en-US")} repeats of a known event`,
      budget: "0",
      measured: String(woken),
      met: woken === 0,
    },
    {
      what: "bpf: these events, as the programs counted them",
      budget: `${REPEATS.toLocaleString("en-US")} known, 0 unknown`,
      measured: `${hits.toLocaleString("en-US")} known, ${misses} unknown`,
      met: hits === REPEATS && misses === 0,
    },
  ];
}
