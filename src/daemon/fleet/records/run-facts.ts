// SPDX-License-Identifier: Apache-2.0
// What is known of one run where the fleet is to be told of it: its rules, its set of behaviours, how it ended.
import type { SecurityEvent } from "../../../event/index.ts";
import { isIdentity, readRunRecord, runFolder } from "../../../orchestrator/inspect/index.ts";
import { createTma, type TmaSpec } from "../../../tma/index.ts";
import { MAX_LINES, type PointsItem, type WorkloadItem } from "../../../wire/link/index.ts";
import type { ManagedRun } from "../../registry/managed-run.ts";
import type { Ending, WorkloadTable } from "../table.ts";
import type { Coefficients, FedRun } from "./run-feed.ts";
import { explainer, type WhyBudget } from "./why.ts";

/** What is remembered of a run until its end was told. */
export interface RunMark {
  readonly path: string;
  readonly item: WorkloadItem;
}
/** What is told last of a run. */
export interface LastWord {
  readonly ending: Ending;
  readonly last: Parameters<WorkloadTable["end"]>[2];
}

/** What is read of the files of a run. */
export function fedRun(run: ManagedRun, budget: WhyBudget): FedRun {
  const { id, directory, plan } = run;
  const { model, request, tma } = plan;
  const digest = run.status().model?.digest;
  const known = {
    run: id,
    directory,
    coefficients: coefficientsOf(tma),
    ...(digest === undefined ? {} : { model: digest }),
  };
  if (model === undefined || request.modelFile === undefined) return known;
  const { forensics } = directory;
  return { ...known, why: explainer({ forensics, model, modelFile: request.modelFile }, budget) };
}

/** Under the rules of a run; made when they are asked for first. */
function coefficientsOf({ place: _, ...spec }: TmaSpec): Coefficients {
  let made: ReturnType<typeof createTma> | undefined;
  const tma = (): ReturnType<typeof createTma> => {
    made ??= createTma({ ...spec, points: [], sealed: false });
    return made;
  };
  return {
    introduce: (record: SecurityEvent) => {
      if (isIdentity(record)) tma().introduce(record);
    },
    of: (event) => {
      try {
        return tma().coefficient(event);
      } catch {
        // the mapping has no place for it
        return undefined;
      }
    },
  };
}

/** The set behind a state, in as many items as it needs. */
export function pointsOf(run: ManagedRun, state: string, at: number): PointsItem[] {
  const all = run.points().map(({ coefficient }) => coefficient);
  const items: PointsItem[] = [];
  for (let first = 0; first < all.length; first += MAX_LINES) {
    const coefficients = all.slice(first, first + MAX_LINES);
    items.push({ kind: "points", at, run: run.id, state, total: all.length, first, coefficients });
  }
  return items;
}

/** How a run has ended, as its run.json tells it. */
export function endWords(run: ManagedRun): string {
  try {
    const { exit, killed } = readRunRecord(run.directory.run).outcome ?? {};
    if (killed !== undefined) return `killed: ${killed}`;
    if (exit !== undefined) return "code" in exit ? `status ${exit.code}` : `by ${exit.signal}`;
  } catch {
    // said below
  }
  return "it has ended";
}

/** Of a run of an earlier daemon that nobody goes on with. @param what whoever recovers workloads says of it */
export function leftEnding(
  { item, path }: RunMark,
  what: string | undefined,
  now: number,
): LastWord {
  const { name, run: runId } = item;
  try {
    const { outcome, error } = readRunRecord(runFolder(path, { name, runId }).run);
    if (outcome !== undefined) {
      const { ended, counts, state, measurement } = outcome;
      const last = { ...item, state, measurement, counts: { ...item.counts, ...countsOf(counts) } };
      const words = what ?? "it ended while the daemon did";
      return { ending: { status: "ended", ended: Date.parse(ended), outcome: words }, last };
    }
    return {
      ending: { status: "failed", ended: now, outcome: what ?? error ?? UNKNOWN_END },
      last: item,
    };
  } catch {
    return { ending: { status: "failed", ended: now, outcome: what ?? UNKNOWN_END }, last: item };
  }
}

const UNKNOWN_END = "the daemon ended; what happened after that is not recorded";

function countsOf({
  events,
  points,
  violations,
  refused,
  lost,
}: Omit<WorkloadItem["counts"], "trajectory">) {
  return { events, points, violations, refused, lost };
}

export function isRunMark(mark: unknown): mark is RunMark {
  const { path, item } = (mark ?? {}) as Partial<RunMark>;
  return typeof path === "string" && typeof item?.run === "string" && typeof item.name === "string";
}
