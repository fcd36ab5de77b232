// SPDX-License-Identifier: Apache-2.0
// What the store itself keeps of parcels, in the order in which it is written: violations look up their workloads.
import type { ItemApplier } from "./applier.ts";
import { noticeApplier, processesApplier } from "./others.ts";
import { behaviourApplier, pointsApplier, violationApplier } from "./violations.ts";
import { countsApplier, tableApplier, workloadApplier } from "./workloads.ts";

export const ITEM_APPLIERS: readonly ItemApplier[] = [
  workloadApplier,
  tableApplier,
  countsApplier,
  behaviourApplier,
  violationApplier,
  pointsApplier,
  processesApplier,
  noticeApplier,
] as readonly ItemApplier[];
