// SPDX-License-Identifier: Apache-2.0
// Writes RESULTS.md from bench/results/*.json. Every bench calls it; by itself: node --import tsx bench/report.ts
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BenchResult, type BenchTable, type Machine, readResults } from "./lib/result.ts";

/** What a reader needs before the numbers of a bench. */
const INTRODUCTIONS: Readonly<
  Record<string, { readonly title: string; readonly text: string; readonly command?: string }>
> = {
  held: {
    title: "One held call",
    text: "A program times single calls. A pipe ping-pong with a child in the same process and the same run is the floor: two wake-ups, no decision. Native, free and enforcing runs take turns.",
  },
  placement: {
    title: "Placement",
    text: "Where the agent's thread and the workload run decides what a held call costs: waking a core that is asleep takes longer than the decision. What the kernel makes of it by itself, against pinning by hand.",
  },
  throughput: {
    title: "Events through one namespace",
    text: "Many processes and threads open files as fast as they can; one thread decides all of it. That no event is missing follows from the number of opens that the workload made.",
  },
  model: {
    title: "Events modeled by one thread",
    text: "A made stream of export records in the spelling of a TSEM kernel, with the hooks of a small server mixed. `galgo replay` reads, maps and models it on one thread.",
  },
  workloads: {
    title: "Whole workloads",
    text: "Native and modeled runs take turns; each ratio is of neighbours, and the median of them counts. `inside` is from fork to wait as the workload sees it, so without the start of Galgo, which has a budget of its own; `whole` is the complete command with it.",
  },
  floor: {
    title: "Above a floor",
    text: "`galgo run --floor`: Landlock guards what is only read, and opens that only read are not held. What that gives up is in docs/floor.md. Native runs, enforced ones and those above a floor take turns. A floored start reads the records of the model, which `whole` has.",
  },
  practice: {
    title: "The corpus: models that hold up in practice",
    text: "Twelve real programs (bench/workloads), each learned in a few runs, then enforced on fresh runs: other folders, ports, process numbers, the workloads in shuffled order; then attacked. docs/practice.md says how to read it.",
    command: "npm run practice",
  },
  sequence: {
    title: "Sequences",
    text: "Workloads of the corpus, learned with `--alarm-budget 1/day`, other normal runs of them, and runs with attacks; some attacks do nothing that the workload does not do anyhow. A run counts as strange as its strangest stream.",
  },
  startup: {
    title: "Start-up and memory",
    text: "What Galgo adds to a command that does nothing.",
  },
  kill: {
    title: "From violation to the last process dead",
    text: "100 processes: children, children in sessions of their own, double forked orphans. The violating process notes the time and opens a file outside the model under `--on-violation kill`. A process outside the workload notes when the last descriptor that all of them share is closed.",
  },
  fleet: {
    title: "Fleets of simulated hosts",
    text: "Thousands of hosts over the real protocol, with keys of their own, at `galgo fleet serve` with nats-server and PostgreSQL, or SQLite; all of it on this machine. docs/fleet-scale.md says what is simulated and what is not.",
  },
  bpf: {
    title: "The sensor `bpf`",
    text: "In QEMU guests without KVM. Instruction counts come from a guest whose clock counts instructions (`-icount`): they are the same at every load of the machine. Everything else is of emulated CPUs, so that only ratios within one run mean something.",
  },
  "bpf-newest": {
    title: "The sensor `bpf`, newest kernel",
    text: "The same with the newest kernel that Debian has for a stable release.",
  },
};

/** Use of the CPUs by others (%) from which a result is in doubt. */
const MAX_OTHERS = 10;

const ORDER: readonly string[] = [
  "held",
  "placement",
  "throughput",
  "model",
  "workloads",
  "floor",
  "startup",
  "kill",
  "fleet",
  "fleet-host",
  "bpf",
  "bpf-newest",
  "practice",
];

/** RESULTS.md as text. */
export function renderResults(results: readonly BenchResult[]): string {
  const ordered = [...results].sort((a, b) => place(a) - place(b));
  const machines = new Set(ordered.map(({ machine }) => JSON.stringify(machine)));
  const oneMachine = machines.size === 1 ? ordered[0]?.machine : undefined;
  const parts = [
    "# Results of the benches",
    "Written by `npm run bench` (bench/report.ts) from bench/results/*.json; do not edit. `npm run bench -- held` measures one part again.",
    ...(oneMachine === undefined ? [] : [machineText(oneMachine)]),
    "Times are only compared within one run on one machine. The budgets are those of the design; a row that misses its budget says so.",
    ...doubts(ordered),
    budgets(ordered),
    ...ordered.map((result) => section(result, oneMachine === undefined)),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** What makes these numbers less than they should be. */
function doubts(results: readonly BenchResult[]): string[] {
  const commits = [...new Set(results.map(({ commit }) => commit))];
  const disturbed = results.filter(
    ({ othersBefore, othersAfter }) => Math.max(othersBefore, othersAfter) > MAX_OTHERS,
  );
  const lines = [
    ...(commits.length > 1
      ? [`The parts were measured at different commits: ${commits.join("; ")}.`]
      : []),
    ...(disturbed.length > 0
      ? [
          `Other processes kept the machine busy during: ${disturbed.map(({ bench }) => bench).join(", ")}.`,
        ]
      : []),
  ];
  return lines.length === 0 ? [] : [lines.map((line) => `- **${line}**`).join("\n")];
}

function place({ bench }: BenchResult): number {
  const at = ORDER.indexOf(bench);
  return at < 0 ? ORDER.length : at;
}

function machineText(machine: Machine): string {
  const { kernel, cpu, cpus, memoryGiB, node, mitigations, user } = machine;
  return [
    `- machine: ${cpu}, ${cpus} CPUs, ${memoryGiB} GiB, Linux ${kernel}`,
    `- mitigations: ${mitigations}`,
    `- Node ${node}, as ${user}`,
  ].join("\n");
}

function budgets(results: readonly BenchResult[]): string {
  const rows = results.flatMap(({ verdicts }) =>
    verdicts.map(({ what, budget, measured, met }) => [
      what,
      budget,
      measured,
      met ? "met" : "**missed**",
    ]),
  );
  const missed = rows.filter((row) => row[3] !== "met").length;
  const words =
    missed === 0
      ? `All ${rows.length} budgets were met.`
      : `${rows.length - missed} of ${rows.length} budgets were met, ${missed} missed.`;
  const columns = ["what", "budget", "measured", ""];
  return `## Budgets\n\n${words}\n\n${markdown({ title: "", columns, rows })}`;
}

function section(result: BenchResult, nameMachine: boolean): string {
  const introduction = INTRODUCTIONS[result.bench];
  const when = `${result.started.slice(0, 16).replace("T", " ")} UTC, ${result.seconds} s, commit ${result.commit}; others used ${result.othersBefore} % of the CPUs before and ${result.othersAfter} % after.`;
  const parts = [
    `## ${introduction?.title ?? result.bench}`,
    ...(introduction === undefined ? [] : [introduction.text]),
    `\`${introduction?.command ?? `npm run bench -- ${result.bench}`}\`, ${when}`,
    ...(nameMachine ? [machineText(result.machine)] : []),
    ...result.tables.map(tableText),
    ...(result.notes.length === 0 ? [] : [result.notes.map((note) => `- ${note}`).join("\n")]),
  ];
  return parts.join("\n\n");
}

function tableText(table: BenchTable): string {
  const note = table.note === undefined ? "" : `\n\n${table.note}`;
  return `### ${table.title}\n\n${markdown(table)}${note}`;
}

function markdown({ columns, rows }: BenchTable): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  const alignment = columns.map((_, index) => (index === 0 ? "---" : "---:"));
  return [line(columns), `|${alignment.join("|")}|`, ...rows.map(line)].join("\n");
}

if (process.argv[1] === import.meta.filename)
  writeFileSync(join(import.meta.dirname, "RESULTS.md"), renderResults(readResults()));
