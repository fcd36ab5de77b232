// SPDX-License-Identifier: Apache-2.0
// Events that the kernel does not know yet: held until the agent has decided. And what 2,000 of them leave in the kernel.
import type { HeldRun } from "../held.ts";
import type { BenchOutcome, BenchTable, Verdict } from "../result.ts";
import { times, us } from "../stats.ts";
import { type BpfLab, type Counters, galgoCommand, learnCommand } from "./lab.ts";
import { type Memory, memoryOf } from "./memory.ts";

/** Two behaviours each. */
const FILES = 1_000;
const WARM_UP = 200;
const FOLDER = "/var/tmp/first";
const SETTLED = 4;
const BUDGET = 4;

const CASES: readonly { readonly name: string; readonly label: string }[] = [
  { name: "stat", label: "stat, for the first time" },
  { name: "open", label: "open, for the first time (content digested)" },
  { name: "written", label: "open of a file that is being written (asked about each time)" },
  { name: "again", label: "the same open again" },
];

/** What is measured with a namespace: the sensor, and whether a learned model is enforced. */
interface Kind {
  readonly sensor: "bpf" | "seccomp";
  readonly enforcing: boolean;
}

interface FirstRun {
  readonly label: string;
  readonly held: HeldRun;
  readonly counters?: Counters;
}

/** In a guest that counts instructions. What `seccomp` takes there says what the ratios would be on real processors. */
export async function measureFirst(lab: BpfLab): Promise<BenchOutcome> {
  const { command, runs } = await prepared(lab);
  const free = await modeled(lab, { sensor: "bpf", enforcing: false }, command);
  await learn(lab, "bpf", command);
  const enforcing = await modeled(lab, { sensor: "bpf", enforcing: true }, command);
  await learn(lab, "seccomp", command);
  const seccomp = await modeled(lab, { sensor: "seccomp", enforcing: true }, command);
  return {
    tables: [...runs, free, enforcing, seccomp].map((run) => table(run, "instructions")),
    verdicts: [verdict(enforcing, seccomp)],
  };
}

/** In a guest with a clock of its own: two emulated CPUs. */
export async function measureFirstTime(
  lab: BpfLab,
): Promise<BenchOutcome & { readonly memory: Memory }> {
  const { command } = await prepared(lab);
  const { memory, ...free } = await modeled(lab, { sensor: "bpf", enforcing: false }, command);
  return { tables: [table(free, "us")], memory: memory ?? unknown() };
}

function unknown(): never {
  throw new Error("the run has no slot");
}

async function prepared(lab: BpfLab): Promise<{ command: string[]; runs: FirstRun[] }> {
  const program = await lab.program("first");
  await lab.succeed([program, "make", FOLDER, String(FILES)]);
  await lab.sleep(SETTLED);
  const command = [program, FOLDER, String(FILES), String(WARM_UP)];
  const native = lab.start(command);
  const held = parsed(await native.line(/^\{.+\}$/));
  await native.finish();
  return { command, runs: [{ label: "first-seen events, no namespace", held }] };
}

function modelOf(sensor: Kind["sensor"]): string {
  return `/tmp/first-${sensor}.galgo.json`;
}

async function learn(
  lab: BpfLab,
  sensor: Kind["sensor"],
  command: readonly string[],
): Promise<void> {
  const argv = learnCommand("first", modelOf(sensor), command, sensor);
  await lab.succeed(["sh", "-c", 'echo | "$@"', "sh", ...argv]);
}
function parsed(line: string): HeldRun {
  return JSON.parse(line) as HeldRun;
}

async function modeled(
  lab: BpfLab,
  { sensor, enforcing }: Kind,
  command: readonly string[],
): Promise<FirstRun & { readonly memory?: Memory }> {
  const options = enforcing ? ["-m", modelOf(sensor), "--enforce"] : [];
  const name = `first-${sensor}-${enforcing ? "enforcing" : "free"}`;
  const label = `first-seen events, ${sensor}, ${enforcing ? "enforcing a learned model" : "free"}`;
  const before = new Set((await lab.owners()).keys());
  const running = lab.start(galgoCommand(name, command, options, sensor));
  const held = parsed(await running.line(/^\{.+\}$/));
  const found = [...(await lab.owners())].find(([slot]) => !before.has(slot));
  const inKernel =
    found === undefined
      ? {}
      : { counters: await lab.counters(found[0]), memory: await memoryOf(lab, ...found) };
  await running.finish();
  return { label, held, ...inKernel };
}

function table({ label, held, counters }: FirstRun, unit: "us" | "instructions"): BenchTable {
  const floor = held["pipe"]?.p50 ?? Number.NaN;
  const write = (value: number): string =>
    unit === "us" ? us(value) : Math.round(value).toLocaleString("en-US");
  const row = (name: string, text: string): string[] => {
    const { p50, p99 } = held[name] ?? { p50: Number.NaN, p99: Number.NaN };
    return [text, write(p50), write(p99), times(p50 / floor), times(p99 / floor)];
  };
  const what = counters === undefined ? "" : `; ${heldWords(counters)}`;
  return {
    title: `${label} (${unit}, ${FILES - WARM_UP} of each${what})`,
    columns: ["call", "p50", "p99", "p50 / pipe p50", "p99 / pipe p50"],
    rows: [row("pipe", "pipe ping-pong"), ...CASES.map(({ name, label: text }) => row(name, text))],
  };
}

function heldWords({ held = 0, hits = 0, atomic = 0, lost = 0 }: Counters): string {
  const count = (value: number): string => value.toLocaleString("en-US");
  return `${count(held)} held, ${count(hits)} known, ${count(atomic)} that could not wait, ${count(lost)} lost`;
}

function verdict({ held }: FirstRun, seccomp: FirstRun): Verdict {
  const ratioOf = (run: HeldRun, name: string): number =>
    (run[name]?.p50 ?? Number.NaN) / (run["pipe"]?.p50 ?? Number.NaN);
  const ratios = ["stat", "open"].map((name) => ratioOf(held, name));
  const anchor = times(ratioOf(seccomp.held, "again"));
  return {
    what: "bpf: first-seen stat / open, enforcing, instructions as a multiple of the pipe's (p50)",
    budget: `<= ${BUDGET}x`,
    measured: `${ratios.map(times).join(" / ")}; a known open that seccomp holds: ${anchor}`,
    met: ratios.every((ratio) => ratio <= BUDGET),
  };
}
