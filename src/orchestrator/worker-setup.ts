// SPDX-License-Identifier: Apache-2.0
// What the thread that decides is started with: told by the plan of a run, its folder and its host.
import type { FeedLink } from "./agent/feed.ts";
import type { BpfSetup } from "./bpf/setup.ts";
import type { SharedPointsLink } from "./live/shared-points.ts";
import type { RunPlan } from "./plan.ts";
import { containerName } from "./run-record.ts";
import type { RunDirectory } from "./state-dir.ts";
import type { TmaSpec } from "../tma/index.ts";
import { tsemSetup } from "./tsem/setup.ts";
import type { WorkerSetup } from "./worker-protocol.ts";

export interface WorkerSetupParts {
  readonly heartbeat: SharedArrayBuffer;
  /** Where consoles are served. */
  readonly shared: SharedPointsLink | undefined;
  readonly bpf: BpfSetup | undefined;
  readonly distrust: SharedArrayBuffer | undefined;
  readonly feed: FeedLink | undefined;
}

export function workerSetup(
  plan: RunPlan,
  directory: RunDirectory,
  { heartbeat, shared, bpf, distrust, feed }: WorkerSetupParts,
): WorkerSetup {
  const { request, tma } = plan;
  const { trajectory, forensics, unreadable, processes } = directory;
  const tsem = tsemSetup(plan);
  return {
    heartbeat,
    mode: request.mode,
    onViolation: request.onViolation,
    tma: toldOf(tma, directory),
    stateRoot: request.stateRoot,
    ...{ trajectory, forensics, unreadable, processes },
    ...(shared === undefined ? {} : { shared }),
    ...(wantsSequence(plan) ? { sequence: directory.sequence } : {}),
    ...watchedBy(plan, directory),
    ...(request.marks === undefined ? {} : { marks: request.marks }),
    ...(request.container === undefined ? {} : { container: containerName(request.container) }),
    ...(tsem === undefined ? {} : { tsem }),
    ...(bpf === undefined ? {} : { bpf }),
    ...(distrust === undefined ? {} : { distrust }),
    ...(feed === undefined ? {} : { feed }),
  };
}

/** It is learned, or there is something to hold it against. */
function wantsSequence({ request, model }: RunPlan): boolean {
  return request.mode === "free" ? request.sequences === true : model?.spec.sequences !== undefined;
}

/** With a model of sequences a run is watched while it goes on. */
function watchedBy(
  { request, model }: RunPlan,
  { anomalies }: RunDirectory,
): Pick<WorkerSetup, "watched"> {
  const sequences = model?.spec.sequences;
  if (request.mode === "free" || sequences === undefined) return {};
  return { watched: { sequences, anomalies } };
}

/** A fleet is told which run asks. */
function toldOf(tma: TmaSpec, { runId: run, name }: RunDirectory): TmaSpec {
  const { place } = tma;
  if (place?.start.way !== "fleet") return tma;
  return { ...tma, place: { ...place, start: { ...place.start, run, name } } };
}
