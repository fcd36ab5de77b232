// SPDX-License-Identifier: Apache-2.0
// What it takes to load the programs and to attach them.
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { GALGO_IN_GUEST } from "../../../test/vm/lib/payload.ts";
import type { BenchOutcome, BenchTable, Verdict } from "../result.ts";
import { digits, highest, lowest, median } from "../stats.ts";
import type { BpfLab } from "./lab.ts";

const OBJECT = resolve(import.meta.dirname, "../../../dist/bpf/galgo.bpf.o");
const OBJECT_BUDGET = 300_000;
const ROUNDS = 3;
const MOST = 5;

/** What bpf-load.mjs prints. */
interface Load {
  readonly openMs: number;
  readonly loadMs: number;
  readonly attaching: readonly number[];
  readonly programs: readonly {
    readonly name: string;
    readonly verified: number;
    readonly bytes: number;
  }[];
  /** Programs for hooks that this kernel does not have. */
  readonly left: number;
}

/** Nothing may be loaded when it begins. */
export async function measureLoad(lab: BpfLab): Promise<BenchOutcome> {
  const script = await lab.script("bpf-load.mjs");
  const loads: Load[] = [];
  for (let round = 0; round < ROUNDS; round++)
    loads.push(JSON.parse(await lab.succeed(["node", script, GALGO_IN_GUEST])) as Load);
  return { tables: [timeTable(loads), verifierTable(loads)], verdicts: [sizeVerdict()] };
}

function timeTable(loads: readonly Load[]): BenchTable {
  const count = loads[0]?.programs.length ?? 0;
  const attached = loads[0]?.attaching.length ?? 0;
  const row = (what: string, of: (load: Load) => number, programs: number): string[] => {
    const values = loads.map(of);
    const range = `${digits(median(values))} (${digits(lowest(values))} to ${digits(highest(values))})`;
    return [what, String(programs), range, digits(median(values) / programs)];
  };
  const attach = ({ attaching }: Load): number => attaching.reduce((sum, ms) => sum + ms, 0);
  return {
    title: `loading and attaching, two emulated CPUs (ms, median and range of ${ROUNDS} rounds)`,
    note: `The object file has ${statSync(OBJECT).size.toLocaleString("en-US")} bytes. A program is loaded, verified and attached by itself; attaching is mostly waiting until the kernel is sure that nobody runs in what is being replaced.`,
    columns: ["what", "programs", "in total", "a program"],
    rows: [
      row("load: relocate, verify, compile", ({ loadMs }) => loadMs, count),
      row("attach", attach, attached),
    ],
  };
}

function verifierTable(loads: readonly Load[]): BenchTable {
  const programs = [...(loads[0]?.programs ?? [])].sort((a, b) => b.verified - a.verified);
  const verified = programs.map((program) => program.verified);
  const sum = verified.reduce((all, value) => all + value, 0);
  const count = (value: number): string => value.toLocaleString("en-US");
  return {
    title: `instructions that the verifier looked at (${programs.length} programs, ${loads[0]?.left ?? 0} left out for want of a hook)`,
    columns: ["program", "instructions"],
    rows: [
      ["all", count(sum)],
      ["median", count(median(verified))],
      ...programs.slice(0, MOST).map(({ name, verified: value }) => [name, count(value)]),
    ],
  };
}

function sizeVerdict(): Verdict {
  const { size } = statSync(OBJECT);
  return {
    what: "bpf: size of the object with all programs",
    budget: `<= ${OBJECT_BUDGET.toLocaleString("en-US")} bytes`,
    measured: `${size.toLocaleString("en-US")} bytes`,
    met: size <= OBJECT_BUDGET,
  };
}
