// SPDX-License-Identifier: Apache-2.0
// What it costs a held call that sequences are watched and an agent judges windows: programs/held.c enforced without, with one, with both, in turns.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { FEATURE_NAMES } from "../src/model/features/index.ts";
import { weightedSum } from "../test/helpers/onnx-model.ts";
import { bench } from "./lib/bench.ts";
import { Galgo } from "./lib/galgo.ts";
import { type HeldRun, heldFolder } from "./lib/held.ts";
import { Lab } from "./lib/lab.ts";
import type { BenchOutcome, Verdict } from "./lib/result.ts";
import { median, times, us } from "./lib/stats.ts";

const ROUNDS = Number(process.env["GALGO_BENCH_ROUNDS"] ?? 9);
const SAMPLES = 4_000;
const WARM_UP = 1_500;
const BUDGET = 1.2;
const CASES = ["open", "relative", "fifo", "none", "unix", "tcp"];

/** What is on, with the options of `galgo run`. */
interface Way {
  readonly label: string;
  readonly options: readonly string[];
}

async function measure(): Promise<BenchOutcome> {
  const lab = new Lab("sequence-held");
  const galgo = new Galgo(lab);
  const program = [lab.program("held"), heldFolder(lab)];
  const models = lab.sub("models");
  const [plain, watched] = [join(models, "plain.json"), join(models, "watched.json")];
  const onnx = join(models, "sum.onnx");
  writeFileSync(onnx, weightedSum({ 1: 1 }, FEATURE_NAMES.length));
  const learn = async (model: string, ...more: readonly string[]): Promise<void> => {
    const words = ["learn", "--name", "held", "--runs", "3", ...more, "-o", model, "--"];
    await lab.succeed(galgo.command([...words, ...program, "200", "1", "0"]), { env: galgo.env });
  };
  await learn(plain);
  await learn(watched, "--alarm-budget", "1/day");
  const ways: readonly Way[] = [
    { label: "without", options: ["-m", plain] },
    { label: "sequences", options: ["-m", watched] },
    {
      label: "sequences and agent",
      options: ["-m", watched, "--agent", `onnx:${onnx},threshold=9`],
    },
  ];
  const runs = ways.map((): HeldRun[] => []);
  for (let round = 0; round < ROUNDS; round++)
    for (const [at, { options }] of ways.entries()) {
      const words = ["run", "--name", "held", "--enforce", ...options, "--"];
      const counts = [String(SAMPLES), String(WARM_UP), "0"];
      const ran = await lab.succeed(galgo.command([...words, ...program, ...counts]), {
        env: galgo.env,
      });
      runs[at]?.push(JSON.parse(ran.stdout) as HeldRun);
    }
  lab.close();
  return { tables: [table(ways, runs)], verdicts: verdicts(ways, runs), notes: [] };
}

/** Median over the rounds (ns). */
function over(runs: readonly HeldRun[] | undefined, name: string, quantile: "p50" | "p99"): number {
  return median((runs ?? []).map((run) => run[name]?.[quantile] ?? Number.NaN));
}

function table(ways: readonly Way[], runs: readonly (readonly HeldRun[])[]) {
  return {
    title: `held calls, enforced (us, median of ${ROUNDS} runs)`,
    columns: ["call", ...ways.flatMap(({ label }) => [`p50 ${label}`, `p99 ${label}`])],
    rows: CASES.map((name) => [
      name,
      ...runs.flatMap((some) => [us(over(some, name, "p50")), us(over(some, name, "p99"))]),
    ]),
  };
}

/** Of all kinds of calls together: the p99 of one kind moves by more than that between two runs of the same. */
function verdicts(
  ways: readonly Way[],
  [base, ...others]: readonly (readonly HeldRun[])[],
): Verdict[] {
  return others.map((some, at) => {
    const ratio = median(CASES.map((name) => over(some, name, "p99") / over(base, name, "p99")));
    return {
      what: `p99 of held calls with ${ways[at + 1]?.label ?? ""}, as a multiple of without`,
      budget: `<= ${BUDGET}x`,
      measured: times(ratio),
      met: ratio <= BUDGET,
    };
  });
}

await bench("sequence-held", measure);
