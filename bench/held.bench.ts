// SPDX-License-Identifier: Apache-2.0
// What one held call costs: programs/held.c natively, free, and enforcing a learned model, in turns.
import { bench } from "./lib/bench.ts";
import { Galgo, type Mode, type RunFacts } from "./lib/galgo.ts";
import { type HeldRun, heldFolder } from "./lib/held.ts";
import { Lab } from "./lib/lab.ts";
import type { BenchOutcome, BenchTable, Verdict } from "./lib/result.ts";
import { highest, lowest, median, times, us } from "./lib/stats.ts";

const ROUNDS = 5;
const SAMPLES = 4_000;
const WARM_UP = 1_500;
/** Fewer samples with computation between them (us): the core of whoever waits falls asleep. */
const SPARSE = { samples: 1_000, gapUs: 300 } as const;
const MODES: readonly Mode[] = ["native", "free", "enforce"];
const P50_BUDGET = 4;
const P99_BUDGET = 12;

/** Case of held.c -> its name here; the ones with a budget are single held calls. */
const CASES: readonly {
  readonly name: string;
  readonly label: string;
  readonly budget: boolean;
}[] = [
  { name: "open", label: "open, injected", budget: true },
  { name: "relative", label: "open, relative path, injected", budget: true },
  { name: "fifo", label: "open of a FIFO, CONTINUE", budget: true },
  { name: "none", label: "open, no such file", budget: true },
  { name: "unix", label: "connect, unix, no such socket", budget: true },
  { name: "tcp", label: "connect, tcp, refused", budget: true },
  { name: "exec", label: "vfork, exec and wait for /bin/true", budget: false },
];

async function measure(): Promise<BenchOutcome> {
  const lab = new Lab("held");
  const galgo = new Galgo(lab);
  const folder = heldFolder(lab);
  const program = [lab.program("held"), folder];
  const command = [...program, String(SAMPLES), String(WARM_UP), "0"];
  const sparseCommand = [...program, String(SPARSE.samples), String(WARM_UP), String(SPARSE.gapUs)];
  const model = await galgo.learn("held", [...program, "20", "1", "0"]);
  const runs: Record<Mode, HeldRun[]> = { native: [], free: [], enforce: [] };
  const sparse: HeldRun[] = [];
  const facts: RunFacts[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const mode of MODES) {
      const ran = await galgo.run(mode, "held", command, { model });
      runs[mode].push(JSON.parse(ran.stdout) as HeldRun);
      if (ran.facts !== undefined) facts.push(ran.facts);
    }
    const ran = await galgo.run("enforce", "held", sparseCommand, { model });
    sparse.push(JSON.parse(ran.stdout) as HeldRun);
    if (ran.facts !== undefined) facts.push(ran.facts);
  }
  lab.close();
  const tables = MODES.map((mode) => table(TITLES[mode], runs[mode]));
  tables.push(table(`enforcing, ${SPARSE.gapUs} us of computation between two calls`, sparse));
  return { tables, verdicts: verdicts(runs.enforce, facts), notes: [floorNote(runs)] };
}

/** Median over the rounds of a quantile, and of its ratio to the pipe of the same run. */
function over(runs: readonly HeldRun[], name: string, quantile: "p50" | "p99"): [number, number] {
  const values = runs.map((run) => run[name]?.[quantile] ?? Number.NaN);
  // both against the median of the pipe: its own p99 says more of the machine than of the floor
  const ratios = runs.map((run, round) => (values[round] ?? 0) / (run["pipe"]?.p50 ?? Number.NaN));
  return [median(values), median(ratios)];
}

/** The floor moves by a factor of four with what the scheduler makes of two processes that take turns. */
function floorNote(runs: Readonly<Record<Mode, readonly HeldRun[]>>): string {
  const floors = MODES.flatMap((mode) => runs[mode].map((run) => run["pipe"]?.p50 ?? Number.NaN));
  const range = `${us(lowest(floors))} to ${us(highest(floors))} us`;
  return `the pipe's p50 went from ${range} over these runs: it is lowest when the scheduler keeps both sides on one CPU, and every ratio moves with it (see Placement)`;
}

const TITLES: Readonly<Record<Mode, string>> = {
  native: "native",
  free: "free, no model",
  enforce: "enforcing a learned model",
};

function table(title: string, runs: readonly HeldRun[]): BenchTable {
  const row = (name: string, label: string): string[] => {
    const [p50, p50Ratio] = over(runs, name, "p50");
    const [p99, p99Ratio] = over(runs, name, "p99");
    const mean = median(runs.map((run) => run[name]?.mean ?? Number.NaN));
    return [label, us(p50), us(p99), us(mean), times(p50Ratio), times(p99Ratio)];
  };
  return {
    title: `${title} (us, median of ${ROUNDS} runs)`,
    columns: ["call", "p50", "p99", "mean", "p50 / pipe p50", "p99 / pipe p50"],
    rows: [row("pipe", "pipe ping-pong (floor)"), ...CASES.map((c) => row(c.name, c.label))],
  };
}

function verdicts(runs: readonly HeldRun[], facts: readonly RunFacts[]): Verdict[] {
  const found: Verdict[] = [];
  for (const { name, label, budget } of CASES) {
    if (!budget) continue;
    const [, p50] = over(runs, name, "p50");
    const [, p99] = over(runs, name, "p99");
    found.push({
      what: `held ${label}, enforcing, p50 / p99 as multiples of the pipe's p50`,
      budget: `<= ${P50_BUDGET}x / <= ${P99_BUDGET}x`,
      measured: `${times(p50)} / ${times(p99)}`,
      met: p50 <= P50_BUDGET && p99 <= P99_BUDGET,
    });
  }
  const seen = facts.reduce((sum, run) => sum + run.events, 0);
  const lost = facts.reduce((sum, run) => sum + run.lost, 0);
  found.push({
    what: `events lost in ${facts.length} runs of the held bench`,
    budget: "0",
    measured: `${lost} of ${seen.toLocaleString("en-US")}`,
    met: lost === 0,
  });
  return found;
}

await bench("held", measure);
