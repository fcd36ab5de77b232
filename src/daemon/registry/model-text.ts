// SPDX-License-Identifier: Apache-2.0
// The model of a workload that runs, as the text of a model file.
import { makeWorkloadModel, stringifyWorkloadModel } from "../../model/index.ts";
import type { SecurityPoint } from "../../model/runtime/index.ts";
import { validPoints } from "../../orchestrator/index.ts";
import type { RunPlan } from "../../orchestrator/plan.ts";
import type { CarriedOut } from "../../orchestrator/run-host.ts";
import { nodeHasher } from "../../tma/index.ts";
import type { WorkloadStatus } from "../api/types.ts";

/** The model that it was given, else one of what it has done so far. */
export function modelText(
  plan: RunPlan,
  points: readonly SecurityPoint[],
  { name, sealed, fidelity, counts }: WorkloadStatus,
  ordered: CarriedOut,
): string {
  if (plan.model !== undefined) return stringifyWorkloadModel(plan.model);
  const { mapping, digest, profile, aggregate } = plan.tma;
  const { base = plan.tma.base, pseudonyms = [] } = ordered;
  const hasher = nodeHasher(digest);
  return stringifyWorkloadModel(
    makeWorkloadModel(
      {
        name,
        mapping,
        profile,
        aggregate: aggregate ?? "0".repeat(2 * hasher.size),
        ...(base === undefined ? {} : { base }),
        sealed: sealed && counts.lost === 0,
        fidelity,
        pseudonyms,
        points: validPoints(points),
        completeness: {
          runs: 1,
          eventsSeen: counts.events,
          eventsLost: counts.lost,
          saturation: [],
        },
      },
      hasher,
    ),
  );
}
