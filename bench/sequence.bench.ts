// SPDX-License-Identifier: Apache-2.0
// Models of sequences on data of Galgo's own sensor: workloads of the corpus, other runs of them, and runs with attacks, some of which do nothing
// that is not allowed. Learned and tried on different runs.
import { type Detection, detectionOf, FALSE_POSITIVES } from "../src/model/sequence/index.ts";
import { bench } from "./lib/bench.ts";
import { built } from "./lib/galgo.ts";
import type { BenchOutcome } from "./lib/result.ts";
import { collect, type Sizes } from "./sequence/collect.ts";
import { type Judged, judgeOf } from "./sequence/judge.ts";
import { CORPUS } from "./workloads/corpus.ts";
import { missing } from "./workloads/lib/site.ts";
import type { Workload } from "./workloads/lib/workload.ts";

/** Small, quick, and of different kinds; GALGO_BENCH_SEQUENCES names others. */
const NAMES = (process.env["GALGO_BENCH_SEQUENCES"] ?? "cron,git,redis,node-server").split(",");
const SIZES: Sizes = { train: 8, normal: 6, allowed: 2, attacks: 4 };
/** After so long no further workload is begun: one takes about a minute on a quiet machine. */
const ENOUGH_MS = 270_000;
const ALARMS_PER_DAY = 1;
const MIN_AUC = 0.88;

interface Case extends Judged {
  readonly workload: string;
  readonly name: string;
  readonly kind: "normal" | "allowed" | "outside";
}

async function measure(): Promise<BenchOutcome> {
  built();
  const cases: Case[] = [];
  const wanted = CORPUS.filter(({ name }) => NAMES.includes(name));
  const begun = performance.now();
  const tried: string[] = [];
  for (const workload of wanted) {
    if (missing(workload).length > 0 || performance.now() - begun > ENOUGH_MS) continue;
    cases.push(...(await casesOf(workload)));
    tried.push(workload.name);
  }
  const untried = wanted.map(({ name }) => name).filter((name) => !tried.includes(name));
  const all = detection(cases, () => true);
  return {
    tables: [rowsByWorkload(cases), rowsByAttack(cases)],
    verdicts: [
      {
        what: "area under the ROC curve, all runs",
        budget: `>= ${MIN_AUC}`,
        measured: all.auc.toFixed(3),
        met: all.auc >= MIN_AUC,
      },
    ],
    notes: [
      `learned from ${SIZES.train} runs of each workload, tried on ${SIZES.normal} other normal ones and on attacks; alarms with a budget of ${ALARMS_PER_DAY} a day; the score of a run is that of its strangest process, or of it as a whole, by verdict and alarms together`,
      ...(untried.length === 0
        ? []
        : [`not tried, for want of time or of a program: ${untried.join(", ")}`]),
    ],
  };
}

async function casesOf(workload: Workload): Promise<readonly Case[]> {
  const { train, normal, attacked } = await collect(workload, SIZES);
  const { judge } = judgeOf(train, ALARMS_PER_DAY);
  const { name: of } = workload;
  const cases: Case[] = normal.map((run) => ({
    ...judge(run),
    workload: of,
    name: "",
    kind: "normal",
  }));
  for (const { name, allowedOnly, run } of attacked)
    cases.push({ ...judge(run), workload: of, name, kind: allowedOnly ? "allowed" : "outside" });
  return cases;
}

function detection(cases: readonly Case[], wanted: (one: Case) => boolean): Detection {
  const normals = cases.filter((one) => one.kind === "normal" && wanted(one));
  return detectionOf(
    normals,
    cases.filter((one) => one.kind !== "normal" && wanted(one)),
  );
}

function rowsByWorkload(cases: readonly Case[]): BenchOutcome["tables"][number] {
  const names = [...new Set(cases.map(({ workload }) => workload))];
  const row = (label: string, wanted: (one: Case) => boolean): readonly string[] => {
    const { auc, normals, attacks, detected, falsePositivesAt90 } = detection(cases, wanted);
    const false_ = cases.filter((one) => one.kind === "normal" && wanted(one) && one.alarmed);
    const shares = [...detected, falsePositivesAt90].map(percent);
    return [label, `${normals}`, `${attacks}`, auc.toFixed(3), ...shares, `${false_.length}`];
  };
  return {
    title: "Runs",
    columns: [
      "workload",
      "normal",
      "attacked",
      "AUC",
      ...FALSE_POSITIVES.map((share) => `found at ${share * 100} %`),
      "false at 90 % found",
      "false alarms",
    ],
    rows: [
      ...names.map((name) => row(name, ({ workload }) => workload === name)),
      row("all", () => true),
    ],
  };
}

function rowsByAttack(cases: readonly Case[]): BenchOutcome["tables"][number] {
  const attacks = cases.filter(({ kind }) => kind !== "normal");
  const labels = [...new Set(attacks.map(({ workload, name }) => `${workload}: ${name}`))];
  return {
    title: "Attacks",
    note: "`outside` is how many events an enforced model would refuse: of attacks with none only their sequence tells.",
    columns: ["attack", "runs", "outside", "AUC", "alarms"],
    rows: labels.map((label) => {
      const ours = attacks.filter(({ workload, name }) => `${workload}: ${name}` === label);
      const normals = cases.filter(
        ({ kind, workload }) => kind === "normal" && workload === ours[0]?.workload,
      );
      const outside = ours.map((one) => one.outside);
      return [
        label,
        `${ours.length}`,
        `${Math.min(...outside)} to ${Math.max(...outside)}`,
        detectionOf(normals, ours).auc.toFixed(3),
        `${ours.filter(({ alarmed }) => alarmed).length}`,
      ];
    }),
  };
}

function percent(share: number): string {
  return Number.isNaN(share) ? "-" : `${(share * 100).toFixed(0)} %`;
}

await bench("sequence", measure);
