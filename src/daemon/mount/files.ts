// SPDX-License-Identifier: Apache-2.0
// The pseudo-files of a namespace: names, permissions, and the text of those that do not grow.
import type { SecurityPoint } from "../../model/runtime/index.ts";
import type { WorkloadStatus } from "../api/types.ts";
import type { RecordKind } from "./source.ts";

/** TSEM's names; their place in this list is part of the node number. */
export const FILE_NAMES = [
  "id",
  "measurement",
  "state",
  "trajectory",
  "trajectory_coefficients",
  "trajectory_counts",
  "forensics",
  "forensics_coefficients",
  "forensics_counts",
  "control",
] as const;

export type FileName = (typeof FILE_NAMES)[number];
/** Files whose text is what `points` says. */
export type PointsFile = `${RecordKind}_${"coefficients" | "counts"}`;
export type ValueFile = "id" | "measurement" | "state";

const DIRECTORY_0500 = 0o040500;
const FILE_0400 = 0o100400;
const FILE_0200 = 0o100200;
/** Everybody may see which namespaces there are, as with processes in /proc. */
export const ROOT_MODE = 0o040555;
export const LINK_MODE = 0o120777;
export const DIRECTORY_MODE: number = DIRECTORY_0500;

/** Kind and permissions: only the owner of the workload (and root) reads, and writes to `control`. */
export function modeOf(file: FileName): number {
  return file === "control" ? FILE_0200 : FILE_0400;
}

export function isRecords(file: FileName): file is RecordKind {
  return file === "trajectory" || file === "forensics";
}

export function isValue(file: FileName): file is ValueFile {
  return file === "id" || file === "measurement" || file === "state";
}

export function valueText(file: ValueFile, status: WorkloadStatus): Buffer {
  return Buffer.from(`${status[file]}\n`);
}

/** One line for each point of the model (trajectory) or outside of it (forensics), in the order of discovery. */
export function pointsText(file: PointsFile, points: readonly SecurityPoint[]): Buffer {
  const isInside = file.startsWith("trajectory");
  const isCounts = file.endsWith("counts");
  const lines = points
    .filter(({ valid }) => valid === isInside)
    .map(({ coefficient, count }) => `${isCounts ? count : coefficient}\n`);
  return Buffer.from(lines.join(""));
}
