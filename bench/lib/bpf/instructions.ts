// SPDX-License-Identifier: Apache-2.0
// Instructions of operations: without programs, with programs but not modeled, and as known events of a namespace.
import { type Count, countInstructions } from "../../../test/vm/lib/icount.ts";
import { digits, times } from "../stats.ts";
import type { BenchOutcome, Verdict } from "../result.ts";
import { type BpfLab, galgoCommand } from "./lab.ts";

const LOOPS = 1_000;
/** Where other processes have a part, the scheduler is not always in the same state: the lowest median of so many counts. */
const ROUNDS = 3;
/** The agent interns no content that has changed shortly before (s). */
const SETTLED = 4;
const UNMODELED_BUDGET = 1.06;

/** Where the files are, which operations are of interest there, and how the rows are called. */
const PLACES: readonly {
  readonly directory: string;
  readonly operations: readonly string[];
  readonly suffix: string;
}[] = [
  { directory: "/var/tmp", operations: [], suffix: "" },
  {
    directory: "/tmp",
    operations: ["open+close", "stat", "stat/64"],
    suffix: ", tmpfs",
  },
];

/** Operation of icount.c -> its name here; those with a budget when they are known. */
const LABELS: Readonly<Record<string, { readonly label: string; readonly budget?: number }>> = {
  "open+close": { label: "open+close", budget: 1.5 },
  "open+close/64": { label: "open+close, 64 files in turn" },
  stat: { label: "stat", budget: 1.9 },
  "stat/64": { label: "stat, 64 files in turn" },
  read: { label: "read" },
  "mmap+munmap": { label: "mmap+munmap of a file" },
  "socket+close": { label: "socket+close", budget: 1.3 },
  kill: { label: "kill, signal 0 to itself" },
  capable: { label: "setpriority up and down" },
  pipe: { label: "pipe, to another process and back" },
  "fork+wait": { label: "fork+wait" },
  "fork+exec+wait": { label: "fork+exec+wait", budget: 1.1 },
};

type Counts = ReadonlyMap<string, number>;

interface Row {
  readonly label: string;
  readonly budget: number | undefined;
  readonly native: number;
  readonly unmodeled: number;
  readonly known: number;
}

/** To be called before any program is loaded. It leaves a modeled process, so that the programs stay. */
export async function measureInstructions(lab: BpfLab): Promise<BenchOutcome> {
  await count(lab, []);
  await lab.sleep(SETTLED);
  const native = await counts(lab, []);
  await lab.attachPrograms();
  const unmodeled = await counts(lab, []);
  const known = await counts(lab, galgoCommand("instructions", []));
  const rows = [...native].map(([name, instructions]): Row => {
    const { label, budget } = labelOf(name);
    const of = (other: Counts): number => other.get(name) ?? Number.NaN;
    return { label, budget, native: instructions, unmodeled: of(unmodeled), known: of(known) };
  });
  return {
    tables: [
      {
        title: `instructions of an operation, kernel and all (lowest of ${ROUNDS} medians)`,
        note: NOTE,
        columns: [
          "operation",
          "no programs",
          "programs, not modeled",
          "ratio",
          "known event",
          "ratio of known",
        ],
        rows: rows.map(rowText),
      },
    ],
    verdicts: [unmodeledVerdict(rows), ...rows.flatMap(knownVerdicts)],
  };
}

const NOTE =
  "The guest's clock counts instructions; files are on ext4 where nothing else is said. An open on tmpfs is asked about each time: there, what is written through a shared mapping changes the content and not its time. A task keeps its last four known events and compares before it hashes; where 64 files take turns that never helps, each event is hashed and looked up. A program in a hook takes some 200 instructions before its own first one: the kernel's way into it and out of it. That is more than 6 % of a system call as short as kill.";

async function counts(lab: BpfLab, prefix: readonly string[]): Promise<Counts> {
  const least = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, { median }] of await count(lab, prefix))
      least.set(name, Math.min(median, least.get(name) ?? median));
  return least;
}

async function count(lab: BpfLab, prefix: readonly string[]): Promise<Map<string, Count>> {
  const all = new Map<string, Count>();
  for (const { directory, operations, suffix } of PLACES) {
    const found = await countInstructions(lab.guest, {
      directory,
      operations,
      prefix,
      loops: LOOPS,
      timeoutMs: 300_000,
      env: { GALGO_STATE_DIR: "/tmp/galgo-state" },
    });
    for (const [name, counted] of found)
      if (name !== "nothing") all.set(`${name}${suffix}`, counted);
  }
  return all;
}

function labelOf(name: string): { readonly label: string; readonly budget: number | undefined } {
  const place = PLACES.find(({ suffix }) => suffix !== "" && name.endsWith(suffix));
  const suffix = place?.suffix ?? "";
  const known = LABELS[name.slice(0, name.length - suffix.length)];
  const budget = suffix === "" ? known?.budget : undefined;
  return { label: `${known?.label ?? name}${suffix}`, budget };
}

function rowText({ label, native, unmodeled, known }: Row): string[] {
  const ratio = (value: number): string => `${(value / native).toFixed(3)}x`;
  return [label, digits(native), digits(unmodeled), ratio(unmodeled), digits(known), ratio(known)];
}

function unmodeledVerdict(rows: readonly Row[]): Verdict {
  const ratios = rows.map((row) => ({ label: row.label, ratio: row.unmodeled / row.native }));
  const over = ratios.filter(({ ratio }) => !(ratio <= UNMODELED_BUDGET));
  const largest = Math.max(...ratios.map(({ ratio }) => ratio));
  const words = over.map(({ label, ratio }) => `${label} ${ratio.toFixed(3)}x`).join("; ");
  return {
    what: `bpf: any of ${rows.length} operations of a task that is not modeled, instructions against no programs`,
    budget: `<= ${UNMODELED_BUDGET}x`,
    measured: over.length === 0 ? `${largest.toFixed(3)}x` : words,
    met: over.length === 0,
  };
}

function knownVerdicts({ label, budget, native, known }: Row): Verdict[] {
  if (budget === undefined) return [];
  return [
    {
      what: `bpf: known event, ${label}, instructions against no programs`,
      budget: `<= ${budget}x`,
      measured: times(known / native),
      met: known / native <= budget,
    },
  ];
}
