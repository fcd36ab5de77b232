// SPDX-License-Identifier: Apache-2.0
// Events through one namespace: processes and threads that open files as fast as they can, all decided by one thread.
import { join } from "node:path";
import { bench } from "./lib/bench.ts";
import { Galgo, type Mode, type RunFacts } from "./lib/galgo.ts";
import { Lab } from "./lib/lab.ts";
import type { BenchOutcome, Verdict } from "./lib/result.ts";
import { digits, median, times, withRange } from "./lib/stats.ts";

const ROUNDS = 5;
/** Opens of one run. */
const OPENS = 40_000;
const NEW_FILES = 10_000;
const MODES: readonly Mode[] = ["native", "free", "enforce"];

interface Shape {
  readonly label: string;
  readonly name: string;
  readonly command: readonly string[];
  readonly opens: number;
}

interface Measured {
  readonly perSecond: number;
  readonly facts: RunFacts | undefined;
  readonly opens: number;
}

function shapes(lab: Lab): Shape[] {
  const files = Array.from({ length: 8 }, (_, i) => lab.write(`few/file${i}`, `${i}\n`));
  for (let i = 0; i < NEW_FILES; i++) lab.write(`many/f${i}`, `${i}\n`);
  const of = (processes: number, threads: number): Shape => {
    const each = OPENS / processes / threads;
    const numbers = [processes, threads, each].map(String);
    return {
      label: `${processes} processes x ${threads} threads, 8 files`,
      name: `open-${processes}-${threads}`,
      command: [lab.program("threads"), ...numbers, ...files],
      opens: OPENS,
    };
  };
  const many = [lab.program("many-files"), join(lab.folder, "many"), String(NEW_FILES)];
  return [
    of(1, 1),
    of(2, 1),
    of(16, 1),
    of(4, 4),
    of(100, 1),
    {
      label: `1 process, ${NEW_FILES.toLocaleString("en-US")} different files`,
      name: "open-new",
      command: many,
      opens: NEW_FILES,
    },
  ];
}

async function measure(): Promise<BenchOutcome> {
  const lab = new Lab("throughput");
  const galgo = new Galgo(lab);
  const rows: string[][] = [];
  const all: Measured[] = [];
  for (const shape of shapes(lab)) {
    const model = await galgo.learn(shape.name, shape.command);
    const measured: Record<Mode, Measured[]> = { native: [], free: [], enforce: [] };
    for (let round = 0; round < ROUNDS; round++)
      for (const mode of MODES) measured[mode].push(await once(galgo, shape, mode, model));
    rows.push(row(shape, measured));
    all.push(...measured.free, ...measured.enforce);
  }
  lab.close();
  return {
    tables: [
      {
        title: `opens per second (median and range of ${ROUNDS} runs)`,
        columns: ["workload", "native", "free", "enforcing", "native / enforcing", "events lost"],
        rows,
        note: "Native numbers are of opens that nobody looks at, on both CPUs. The last row is a file that was never seen before with every open: its content is hashed and, in the free run, its record written.",
      },
    ],
    verdicts: [lossVerdict(all)],
  };
}

async function once(galgo: Galgo, shape: Shape, mode: Mode, model: string): Promise<Measured> {
  const ran = await galgo.run(mode, shape.name, shape.command, { model });
  const { opens, ns } = JSON.parse(ran.stdout) as { opens: number; ns: number };
  return { perSecond: opens / (ns / 1e9), facts: ran.facts, opens };
}

function row({ label }: Shape, measured: Readonly<Record<Mode, readonly Measured[]>>): string[] {
  const rates = (mode: Mode): number[] => measured[mode].map(({ perSecond }) => perSecond);
  const held = [...measured.free, ...measured.enforce];
  const lost = held.reduce((sum, { facts }) => sum + (facts?.lost ?? 0), 0);
  return [
    label,
    digits(median(rates("native"))),
    withRange(rates("free"), digits),
    withRange(rates("enforce"), digits),
    times(median(rates("native")) / median(rates("enforce"))),
    String(lost),
  ];
}

/** Every open has to be among the events of its run, whatever the run says about itself. */
function lossVerdict(all: readonly Measured[]): Verdict {
  const lost = all.reduce((sum, { facts }) => sum + (facts?.lost ?? 0), 0);
  const missing = all.filter(({ facts, opens }) => (facts?.events ?? 0) < opens).length;
  const events = all.reduce((sum, { facts }) => sum + (facts?.events ?? 0), 0);
  return {
    what: `events lost at full rate, ${all.length} runs`,
    budget: "0",
    measured: `${lost} of ${events.toLocaleString("en-US")}; ${missing} runs with fewer events than opens`,
    met: lost === 0 && missing === 0,
  };
}

await bench("throughput", measure);
