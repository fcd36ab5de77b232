// SPDX-License-Identifier: Apache-2.0
// What is said of a workload while it runs. Nothing here asks the thread that decides.
import { modelDigest } from "../../model/index.ts";
import { fidelityOf, sensorOf } from "../../orchestrator/index.ts";
import { type Mirror, readLatency, readPulse } from "../../orchestrator/live/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import type { LatencyStatus, WorkloadCounts, WorkloadStatus } from "../api/types.ts";
import type { ManagedRun } from "./managed-run.ts";
import type { WatchedHost } from "./watched-host.ts";

export class StatusReader {
  readonly #run: ManagedRun;
  readonly #host: WatchedHost;
  readonly #started: string;
  #model: WorkloadStatus["model"] | undefined;

  constructor(run: ManagedRun, host: WatchedHost, started: Date) {
    this.#run = run;
    this.#host = host;
    this.#started = started.toISOString();
  }

  read(): WorkloadStatus {
    const run = this.#run;
    const { request, tma } = run.plan;
    const pulse = readPulse(this.#host.heartbeat);
    const { state, measurement, ...instant } = latestOf(this.#host.mirror);
    const model = this.#modelOf();
    const sealed = tma.sealed || instant.sealed;
    const ordered = sealed ? this.#host.carriedOut.enforced : undefined;
    return {
      id: run.id,
      name: run.name,
      mode: ordered === undefined ? request.mode : ordered ? "enforce" : "detect",
      sealed,
      onViolation: violationPolicy(request.onViolation, ordered),
      sensor: sensorOf(request),
      fidelity: fidelityOf(request, this.#host.features),
      started: this.#started,
      status: this.#phase(),
      origin: run.origin,
      owner: run.owner,
      counts: countsOf(instant, Number(pulse.extended)),
      held: pulse.busySince !== 0n,
      latency: latencyOf(this.#host.heartbeat),
      state,
      measurement,
      ...(model === undefined ? {} : { model }),
      directory: run.directory.path,
    };
  }

  #phase(): WorkloadStatus["status"] {
    if (this.#host.ending) return "ending";
    return this.#host.serving ? "running" : "starting";
  }

  #modelOf(): WorkloadStatus["model"] | undefined {
    const { request, model, signature } = this.#run.plan;
    const signedBy = signature?.signedBy ?? [];
    if (model === undefined) return undefined;
    this.#model ??= {
      file: request.modelFile ?? "",
      name: model.metadata.name,
      digest: modelDigest(model, nodeHasher(model.spec.digest)),
      ...(signedBy.length === 0 ? {} : { signedBy }),
    };
    return this.#model;
  }
}

type Latest = Omit<ReturnType<Mirror["latest"]>, "aggregate">;

/** Before there is a namespace. */
const NOTHING: Latest = {
  ...{ events: 0, points: 0, violations: 0, refused: 0, lost: 0, sealed: false },
  ...{ state: "", measurement: "" },
};

function latestOf(mirror: Mirror | undefined): Latest {
  return mirror?.latest() ?? NOTHING;
}

function countsOf(
  { events, points, violations, refused, lost }: Omit<WorkloadCounts, "trajectory">,
  trajectory: number,
): WorkloadCounts {
  return { events, points, trajectory, violations, refused, lost };
}

function latencyOf(heartbeat: SharedArrayBuffer): LatencyStatus {
  const { count, medianUs, p99Us, maxUs, histogram } = readLatency(heartbeat);
  return {
    count,
    p50Us: medianUs,
    p99Us,
    maxUs,
    ...(histogram === undefined ? {} : { histogram }),
  };
}

/** @param ordered undefined: nobody has ordered anything */
function violationPolicy(
  asked: WorkloadStatus["onViolation"],
  ordered: boolean | undefined,
): WorkloadStatus["onViolation"] {
  if (ordered === undefined) return asked;
  if (!ordered) return "observe";
  return asked === "kill" ? "kill" : "deny";
}
