// SPDX-License-Identifier: Apache-2.0
// The floor of a run under way, and what the run says of it.
import { quote } from "../../base/quote.ts";
import type { SecurityPoint } from "../../model/runtime/index.ts";
import { createFloor, type Floor, FLOOR_FEATURE } from "../../sensor/seccomp/index.ts";
import { emptyModel } from "../../tma/index.ts";
import type { TmaSpec } from "../../tma/index.ts";
import { RunError } from "../errors.ts";
import type { FloorPlan } from "./derive.ts";

/** Missing paths that are named in a notice; all of them are in run.json. */
const MAX_TOLD = 5;

/** What run.json says of a floor. */
export interface FloorRecord {
  readonly kind: "landlock";
  readonly abi: number;
  /** Files, directories of which the names, and directories of which everything may be read. */
  readonly files: number;
  readonly listings: number;
  readonly below: readonly string[];
  /** Paths of the model that are not there, or are something else now: nothing of them can be read. */
  readonly missing: readonly string[];
  /** Behaviours of the model that are not held, and so are no part of the state. */
  readonly unseen: number;
  /** What `outcome.state` is when the workload did nothing but what the model allows: the model's state without them. */
  readonly state: string;
}

/** A floor that is ready for a workload. */
export interface OpenFloor {
  readonly rulesetFd: number;
  readonly record: FloorRecord;
  /** To be called when the workload is gone. */
  close(): void;
}

/** @throws RunError NO_FLOOR */
export function openFloor(plan: FloorPlan, tma: TmaSpec): OpenFloor {
  try {
    const floor = createFloor(plan.paths);
    const record = floorRecord(plan, floor, tma);
    return { rulesetFd: floor.rulesetFd, record, close: () => floor.close() };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new RunError("NO_FLOOR", `the kernel refuses the floor: ${why}`, { cause: error });
  }
}

function floorRecord(plan: FloorPlan, floor: Floor, tma: TmaSpec): FloorRecord {
  const { paths, unseen } = plan;
  const all = tma.points.map((coefficient) => ({ coefficient, count: 0, valid: true }));
  return {
    kind: "landlock",
    abi: floor.abi,
    files: paths.filter(({ use }) => use === "file").length,
    listings: paths.filter(({ use }) => use === "listing").length,
    below: paths.flatMap(({ path, use }) => (use === "below" ? [path] : [])),
    missing: floor.missing,
    unseen: unseen.size,
    state: seenPart(all, unseen, tma).state,
  };
}

/** What a person should know of a floor before the run, one line each. */
export function floorNotices({ files, listings, below, missing, unseen }: FloorRecord): string[] {
  const trees = below.map((path) => quote(path)).join(", ");
  const gone = missing.slice(0, MAX_TOLD).map((path) => quote(path));
  return [
    `floor: ${files} files and the names in ${listings} directories may be read by all of the workload` +
      (trees === "" ? "" : `, and everything below ${trees}`),
    `floor: ${unseen} behaviours of the model are not looked at; other reads are refused (EACCES) and leave no record`,
    ...(gone.length === 0
      ? []
      : [
          `floor: ${missing.length} paths of the model are not there or were replaced, and can not be read: ${gone.join(", ")}${missing.length > gone.length ? ", ..." : ""}`,
        ]),
  ];
}

/** What a run has above a floor, among its features. */
export function floorFeatures(floor: OpenFloor | undefined): readonly string[] {
  return floor === undefined ? [] : [FLOOR_FEATURE];
}

/** State and measurement over the points that a floored run sees: all but what is not held. */
export function seenPart(
  points: readonly SecurityPoint[],
  unseen: ReadonlySet<string>,
  tma: TmaSpec,
): { readonly state: string; readonly measurement: string } {
  const model = emptyModel(tma);
  for (const { coefficient } of points) if (!unseen.has(coefficient)) model.load(coefficient);
  return { state: model.state(), measurement: model.measurement() };
}
